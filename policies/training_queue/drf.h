// Training queue: dominant resource fairness.
#ifndef JEVONS_POLICIES_TRAINING_QUEUE_DRF_H_
#define JEVONS_POLICIES_TRAINING_QUEUE_DRF_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/params.h"
#include "policies/api/training_queue.h"
#include "policies/training_queue/tenant_shares.h"

namespace jevons {

// Ghodsi et al., NSDI 2011, algorithm 1: a tenant's dominant share is the largest of its shares of all GPUs, CPUs and
// host memory; the tenant with the smallest, divided by its weight, starts its first waiting job, again and again. Ties
// go to the job submitted first.
//
// A job that does not tell its CPUs or memory counts by its GPUs; one that asks for more than there is counts as asking
// for all of it; a resource of which the cluster has an unknown amount is left out.  A job starts only if its CPUs and
// memory are free by this count, too.  Without preemption.
// With `head_blocks` the first job that does not fit ends the round, as in the paper; without it, later jobs and
// tenants may pass it.
class DrfQueue final : public TrainingQueue {
 public:
  static constexpr std::string_view kName = "drf";
  static constexpr std::string_view kSummary =
      "Start the first job of the tenant with the smallest dominant share of GPUs, CPUs and memory (DRF, Ghodsi et "
      "al., "
      "2011).";
  struct Params {
    std::string shares;
    bool head_blocks = true;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("shares", &Params::shares, TenantShares::kFormat, "Weights by tenant; 1 for a tenant that is not named.",
          [](std::string_view text) { return TenantShares::parse(text).ok(); });
    t.add("head_blocks", &Params::head_blocks,
          "Whether the next job, while it does not fit, holds up those of all tenants.");
  }
  explicit DrfQueue(const Params& params)
      : params_(params), shares_(TenantShares::parse(params.shares).value()) {}  // Checked by the table above.

  // O(waiting + running), and O(log tenants) a job started or passed over.
  void decide(const QueueView& view, QueueDecision* decision) override {
    read(view);
    const auto later = [&](std::size_t a, std::size_t b) {
      const Tenant &x = tenants_[a], &y = tenants_[b];
      return x.dominant != y.dominant ? x.dominant > y.dominant : x.first > y.first;
    };
    heap_.clear();
    for (std::size_t t = 0; t < tenants_.size(); ++t) {
      if (tenants_[t].first != kNone) heap_.push_back(t);
    }
    std::make_heap(heap_.begin(), heap_.end(), later);
    while (!heap_.empty() && free_[0] > 0) {
      std::pop_heap(heap_.begin(), heap_.end(), later);
      Tenant& tenant = tenants_[heap_.back()];
      const WaitingJobView& job = view.waiting[tenant.first];
      const Amounts asks = amounts_of(job.gpus, *job.traits);
      if (!job.blocked && fits(asks)) {
        decision->start.push_back(job.id);
        for (std::size_t r = 0; r < kResources; ++r) free_[r] -= asks[r];
        hold(&tenant, asks);
      } else if (params_.head_blocks) {
        return;
      }
      tenant.first = next_[tenant.first];
      if (tenant.first == kNone) {
        heap_.pop_back();
      } else {
        std::push_heap(heap_.begin(), heap_.end(), later);
      }
    }
  }

 private:
  static constexpr std::size_t kResources = 3, kNone = std::numeric_limits<std::size_t>::max();
  using Amounts = std::array<double, kResources>;  // GPUs, CPUs, bytes of host memory.
  struct Tenant {
    Amounts held{};
    double weight = 1, dominant = 0;          // `dominant` is divided by the weight.
    std::size_t first = kNone, last = kNone;  // Of its waiting jobs; a list through next_.
  };

  Amounts amounts_of(Gpus gpus, const JobTraits& traits) const {
    Amounts a{static_cast<double>(gpus.value), traits.cpus, static_cast<double>(traits.memory.value)};
    for (std::size_t r = 1; r < kResources; ++r) a[r] = std::min(a[r], total_[r]);
    return a;
  }
  // CPUs may be fractions: a billionth more is rounding.
  bool fits(const Amounts& asks) const {
    for (std::size_t r = 0; r < kResources; ++r) {
      if (asks[r] > free_[r] + 1e-9 * total_[r]) return false;
    }
    return true;
  }
  void hold(Tenant* tenant, const Amounts& more) const {
    tenant->dominant = 0;
    for (std::size_t r = 0; r < kResources; ++r) {
      tenant->held[r] += more[r];
      if (total_[r] > 0) tenant->dominant = std::max(tenant->dominant, tenant->held[r] / total_[r] / tenant->weight);
    }
  }
  Tenant& tenant_of(const JobTraits& traits) {
    if (traits.tenant >= tenants_.size()) tenants_.resize(traits.tenant + 1);
    return tenants_[traits.tenant];
  }

  void read(const QueueView& view) {
    total_ = {static_cast<double>(view.capacity.value), view.cpus, static_cast<double>(view.memory.value)};
    free_ = total_;
    tenants_.assign(view.tenants.size(), {});
    for (std::size_t t = 0; t < tenants_.size(); ++t) tenants_[t].weight = shares_.of(view.tenants[t].name);
    for (const RunningJobView& job : view.running) {
      const Amounts has = amounts_of(job.gpus, *job.traits);
      for (std::size_t r = 1; r < kResources; ++r) free_[r] -= has[r];
      hold(&tenant_of(*job.traits), has);
    }
    free_[0] = static_cast<double>(view.free.value);
    next_.assign(view.waiting.size(), kNone);
    for (std::size_t i = 0; i < view.waiting.size(); ++i) {
      Tenant& tenant = tenant_of(*view.waiting[i].traits);
      (tenant.first == kNone ? tenant.first : next_[tenant.last]) = i;
      tenant.last = i;
    }
  }

  Params params_;
  TenantShares shares_;
  // Of one decision; kept for their memory only.
  Amounts total_{}, free_{};
  std::vector<Tenant> tenants_;
  std::vector<std::size_t> next_, heap_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_TRAINING_QUEUE_DRF_H_
