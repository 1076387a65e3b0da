#include "train/run_end.hpp"

#include <fmt/format.h>

#include "config/duration.hpp"
#include "train/divergence_advice.hpp"

namespace hourglass {

Error divergence_error(const RunPlan& plan, const Position& position, const std::string& what,
                       const std::string& checkpoint) {
  const bool pretraining = plan.is_pretraining(position.stage);
  return {ErrorKind::diverged,
          fmt::format("diverged at step {} ({}epoch {}): {}; last good checkpoint: {}; {}",
                      position.step + 1,
                      pretraining ? plan.pretraining().name(position.stage) + ", " : "",
                      position.epoch + 1, what, name_of_checkpoint(checkpoint),
                      divergence_advice(plan.config(), plan.base_learning_rate(position.stage),
                                        pretraining, position.step)),
          Reach::everywhere};
}

Error stop_error(Index step, double time_limit, const std::string& checkpoint,
                 const std::string& folder) {
  const std::string why =
      time_limit > 0 ? fmt::format("before the --time-limit of {}", format_duration(time_limit))
                     : "on request";
  return {ErrorKind::stopped,
          fmt::format(
              "stopped {} at step {}; checkpoint {}; continue with: hourglass train --resume {}",
              why, step, name_of_checkpoint(checkpoint), folder),
          Reach::everywhere};
}

std::string name_of_checkpoint(const std::string& path) { return path.empty() ? "none" : path; }

}  // namespace hourglass
