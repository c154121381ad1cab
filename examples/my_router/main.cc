// A router of your own, in a program of your own: Jevons with one more name to choose in a scenario.
#include "apps/command_line.h"
#include "policies/catalogue.h"

// Counts the work that waits and not the requests, so that one long prompt does not hide behind a short queue.
class FewestTokens final : public jevons::Router {
 public:
  static constexpr std::string_view kName = "fewest_tokens";
  static constexpr std::string_view kSummary = "Route to the replica with the fewest prompt tokens waiting.";
  struct Params {
    double tokens_per_request = 100;
  };
  static void describe(jevons::ParamTable<Params>& table) {
    table.add("tokens_per_request", &Params::tokens_per_request, 0, 1e6, "What a running request weighs, in tokens.");
  }
  explicit FewestTokens(const Params& params) : weight_(params.tokens_per_request) {}

  std::optional<jevons::ReplicaId> route(const jevons::RequestView&, const jevons::FleetView& fleet) override {
    std::optional<jevons::ReplicaId> best;
    double fewest = 0;
    for (const jevons::ReplicaView& replica : fleet.ready) {
      const double tokens = static_cast<double>(replica.waiting_tokens.value) + weight_ * replica.running;
      if (!best || tokens < fewest) best = replica.id, fewest = tokens;  // Ties go to the lowest id.
    }
    return best;
  }

 private:
  double weight_;
};

int main(int argc, char** argv) {
  jevons::Policies policies = jevons::builtin_policies();
  policies.routers.add<FewestTokens>();
  return jevons::run_command_line(argc, argv, policies);
}
