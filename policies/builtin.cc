// Every policy the project ships, one line each.
#include "policies/admission/degrade.h"
#include "policies/admission/paid_first.h"
#include "policies/admission/predictive.h"
#include "policies/admission/queue_limit.h"
#include "policies/admission/token_bucket.h"
#include "policies/admission/unbounded.h"
#include "policies/allocator/autoscale.h"
#include "policies/allocator/capacity_loan.h"
#include "policies/allocator/colocate.h"
#include "policies/allocator/forecast.h"
#include "policies/allocator/harvest.h"
#include "policies/allocator/marginal_value.h"
#include "policies/allocator/oracle.h"
#include "policies/allocator/priority_reclaim.h"
#include "policies/allocator/schedule.h"
#include "policies/allocator/slo_feedback.h"
#include "policies/allocator/static_split.h"
#include "policies/allocator/training_first.h"
#include "policies/autoscaler/fixed.h"
#include "policies/autoscaler/forecast.h"
#include "policies/autoscaler/queue_depth.h"
#include "policies/autoscaler/slo_feedback.h"
#include "policies/autoscaler/target_load.h"
#include "policies/batcher/static_batch.h"
#include "policies/batcher/vllm_v0.h"
#include "policies/batcher/vllm_v1.h"
#include "policies/catalogue.h"
#include "policies/placement/best_fit.h"
#include "policies/placement/fgd.h"
#include "policies/placement/hetero.h"
#include "policies/placement/min_cost_flow.h"
#include "policies/placement/packed.h"
#include "policies/placement/rail_aligned.h"
#include "policies/placement/spread.h"
#include "policies/router/cache_aware.h"
#include "policies/router/least_kv.h"
#include "policies/router/least_requests.h"
#include "policies/router/power_of_two.h"
#include "policies/router/prefix_affinity.h"
#include "policies/router/prefix_aware.h"
#include "policies/router/random.h"
#include "policies/router/round_robin.h"
#include "policies/training_queue/conservative_backfill.h"
#include "policies/training_queue/deadline.h"
#include "policies/training_queue/drf.h"
#include "policies/training_queue/easy_backfill.h"
#include "policies/training_queue/fair_share.h"
#include "policies/training_queue/fcfs.h"
#include "policies/training_queue/first_fit.h"
#include "policies/training_queue/gittins.h"
#include "policies/training_queue/goodput.h"
#include "policies/training_queue/las.h"
#include "policies/training_queue/lyra.h"
#include "policies/training_queue/max_min.h"
#include "policies/training_queue/priority_aging.h"
#include "policies/training_queue/quota.h"
#include "policies/training_queue/sjf.h"
#include "policies/training_queue/srtf.h"

namespace jevons {

namespace {

void add_serving(Policies* p) {
  p->routers.add<RoundRobinRouter>();
  p->routers.add<RandomRouter>();
  p->routers.add<LeastRequestsRouter>();
  p->routers.add<PowerOfTwoRouter>();
  p->routers.add<PrefixAwareRouter>();
  p->routers.add<CacheAwareRouter>();
  p->routers.add<LeastKvRouter>();
  p->routers.add<PrefixAffinityRouter>();
  p->batchers.add<VllmV1Batcher>();
  p->batchers.add<VllmV0Batcher>();
  p->batchers.add<StaticBatcher>();
  p->admissions.add<UnboundedAdmission>();
  p->admissions.add<QueueLimitAdmission>();
  p->admissions.add<TokenBucketAdmission>();
  p->admissions.add<PredictiveAdmission>();
  p->admissions.add<PaidFirstAdmission>();
  p->admissions.add<DegradeAdmission>();
  p->autoscalers.add<FixedAutoscaler>();
  p->autoscalers.add<TargetLoadAutoscaler>();
  p->autoscalers.add<QueueDepthAutoscaler>();
  p->autoscalers.add<SloFeedbackAutoscaler>();
  p->autoscalers.add<ForecastAutoscaler>();
}

void add_training(Policies* p) {
  p->training_queues.add<FcfsQueue>();
  p->training_queues.add<FirstFitQueue>();
  p->training_queues.add<SjfQueue>();
  p->training_queues.add<SrtfQueue>();
  p->training_queues.add<EasyBackfillQueue>();
  p->training_queues.add<ConservativeBackfillQueue>();
  p->training_queues.add<LasQueue>();
  p->training_queues.add<GittinsQueue>();
  p->training_queues.add<PriorityAgingQueue>();
  p->training_queues.add<LyraQueue>();
  p->training_queues.add<FairShareQueue>();
  p->training_queues.add<DrfQueue>();
  p->training_queues.add<QuotaQueue>();
  p->training_queues.add<MaxMinQueue>();
  p->training_queues.add<DeadlineQueue>();
  p->training_queues.add<GoodputQueue>();
  p->placements.add<PackedPlacement>();
  p->placements.add<SpreadPlacement>();
  p->placements.add<BestFitPlacement>();
  p->placements.add<RailAlignedPlacement>();
  p->placements.add<FgdPlacement>();
  p->placements.add<HeteroPlacement>();
  p->placements.add<MinCostFlowPlacement>();
}

void add_allocators(Policies* p) {
  p->allocators.add<StaticSplitAllocator>();
  p->allocators.add<PriorityReclaimAllocator>();
  p->allocators.add<CapacityLoanAllocator>();
  p->allocators.add<ScheduleAllocator>();
  p->allocators.add<TrainingFirstAllocator>();
  p->allocators.add<AutoscaleAllocator>();
  p->allocators.add<SloFeedbackAllocator>();
  p->allocators.add<ForecastAllocator>();
  p->allocators.add<MarginalValueAllocator>();
  p->allocators.add<HarvestAllocator>();
  p->allocators.add<ColocateAllocator>();
  p->allocators.add<OracleAllocator>();
}

}  // namespace

Policies builtin_policies() {
  Policies p;
  add_serving(&p);
  add_training(&p);
  add_allocators(&p);
  return p;
}

}  // namespace jevons
