// Every policy the project ships, one line each.
#include "policies/allocator/capacity_loan.h"
#include "policies/allocator/priority_reclaim.h"
#include "policies/allocator/schedule.h"
#include "policies/allocator/static_split.h"
#include "policies/allocator/training_first.h"
#include "policies/batcher/static_batch.h"
#include "policies/batcher/vllm_v0.h"
#include "policies/batcher/vllm_v1.h"
#include "policies/catalogue.h"
#include "policies/placement/best_fit.h"
#include "policies/placement/packed.h"
#include "policies/placement/spread.h"
#include "policies/router/least_kv.h"
#include "policies/router/least_requests.h"
#include "policies/router/power_of_two.h"
#include "policies/router/prefix_affinity.h"
#include "policies/router/random.h"
#include "policies/router/round_robin.h"
#include "policies/training_queue/deadline.h"
#include "policies/training_queue/drf.h"
#include "policies/training_queue/easy_backfill.h"
#include "policies/training_queue/fair_share.h"
#include "policies/training_queue/fcfs.h"
#include "policies/training_queue/first_fit.h"
#include "policies/training_queue/goodput.h"
#include "policies/training_queue/max_min.h"
#include "policies/training_queue/quota.h"
#include "policies/training_queue/sjf.h"

namespace jevons {

Policies builtin_policies() {
  Policies p;
  p.routers.add<RoundRobinRouter>();
  p.routers.add<RandomRouter>();
  p.routers.add<LeastRequestsRouter>();
  p.routers.add<PowerOfTwoRouter>();
  p.routers.add<LeastKvRouter>();
  p.routers.add<PrefixAffinityRouter>();
  p.batchers.add<VllmV1Batcher>();
  p.batchers.add<VllmV0Batcher>();
  p.batchers.add<StaticBatcher>();
  p.allocators.add<StaticSplitAllocator>();
  p.allocators.add<PriorityReclaimAllocator>();
  p.allocators.add<CapacityLoanAllocator>();
  p.allocators.add<ScheduleAllocator>();
  p.allocators.add<TrainingFirstAllocator>();
  p.training_queues.add<FcfsQueue>();
  p.training_queues.add<FirstFitQueue>();
  p.training_queues.add<SjfQueue>();
  p.training_queues.add<EasyBackfillQueue>();
  p.training_queues.add<FairShareQueue>();
  p.training_queues.add<DrfQueue>();
  p.training_queues.add<QuotaQueue>();
  p.training_queues.add<MaxMinQueue>();
  p.training_queues.add<DeadlineQueue>();
  p.training_queues.add<GoodputQueue>();
  p.placements.add<PackedPlacement>();
  p.placements.add<SpreadPlacement>();
  p.placements.add<BestFitPlacement>();
  return p;
}

}  // namespace jevons
