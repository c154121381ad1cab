// The calendar as a SimGrid model.
#include "sim/engine/clock.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <simgrid/kernel/Timer.hpp>
#include <simgrid/kernel/resource/Model.hpp>
#include <simgrid/s4u.hpp>

namespace jevons {
namespace {

using SimgridModel = simgrid::kernel::resource::Model;

// One nanosecond.  SimGrid ends flows whose date lies within its timing precision of its clock, so a flow that ends a
// hair after one of our events ends before it where the clock stops there; look-ahead must stop there too.
constexpr double kTick = 1e-9;

class CalendarModel final : public SimgridModel {
 public:
  CalendarModel(Calendar* calendar, EventHandler* handler, bool look_ahead, std::vector<SimgridModel*> others)
      : SimgridModel("jevons-calendar"),
        calendar_(calendar),
        handler_(handler),
        look_ahead_(look_ahead),
        others_(std::move(others)) {}

  double next_occurring_event(double now) override {
    ++rounds_;
    handler_->on_round();
    const double bound = others_bound(now);
    while (!calendar_->empty()) {
      const double t = calendar_->next_time().seconds();
      const bool touches = touches_simgrid(calendar_->next_kind());
      if (t > now && (touches || !look_ahead_ || t + kTick >= bound)) break;
      handler_->handle(calendar_->pop());
      // SimGrid takes a cancelled flow off the wires at the end of its round: end this one before time moves on.
      if (touches) return 0.0;
    }
    double next = bound;
    if (!calendar_->empty()) next = std::min(next, calendar_->next_time().seconds());
    if (std::isinf(next)) return -1.0;
    if (now > 0 && next > 2 * now) return now;  // Keeps every date exact: see the header.
    return std::max(0.0, next - now);
  }

  void update_actions_state(double, double) override {}
  std::uint64_t rounds() const { return rounds_; }

 private:
  // The first date after which SimGrid itself has something to do.
  double others_bound(double now) const {
    double bound = std::numeric_limits<double>::infinity();
    for (SimgridModel* m : others_) {
      const double d = m->next_occurring_event(now);
      if (d >= 0) bound = std::min(bound, now + d);
    }
    const double timer = simgrid::kernel::timer::Timer::next();
    return timer >= 0 ? std::min(bound, timer) : bound;
  }

  Calendar* calendar_;
  EventHandler* handler_;
  bool look_ahead_;
  std::vector<SimgridModel*> others_;
  std::uint64_t rounds_ = 0;
};

}  // namespace

std::uint64_t run_clock(Calendar* calendar, EventHandler* handler, bool look_ahead) {
  simgrid::s4u::Engine* engine = simgrid::s4u::Engine::get_instance();
  auto model = std::make_shared<CalendarModel>(calendar, handler, look_ahead, engine->get_all_models());
  engine->add_model(model);
  engine->run();
  return model->rounds();
}

}  // namespace jevons
