#include "train/warmup_advice.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hourglass {

std::vector<std::string> warmup_advice(const TrainConfig& config, Index steps_per_epoch) {
  std::vector<std::string> lines;
  const Index total = config.epochs * steps_per_epoch;
  const auto check = [&](const char* name, const Interval& warmup, Index cycles) {
    const WeightRamp ramp = weight_ramp(warmup, cycles, steps_per_epoch);
    if (ramp.steps == 0 || ramp.end() < total || total == 0) return;
    // The longest of which the last ends in the middle of the training.
    const Index fitting = std::max<Index>(1, total / 2 / (2 * cycles - 1));
    const bool whole_epochs = fitting >= steps_per_epoch;
    lines.push_back(fmt::format(
        "advice: --{}-warmup {}{} does not end within the {} steps of the training, so that --{} "
        "stays below its value; use --{}-warmup {}{}",
        name, format_warmup(warmup), cycles > 1 ? fmt::format(" in {} cycles", cycles) : "", total,
        name, name, whole_epochs ? fitting / steps_per_epoch : fitting,
        whole_epochs ? "epochs" : "steps"));
  };
  check("beta", config.penalties.beta_warmup, config.penalties.beta_cycles);
  check("l1", config.penalties.l1_warmup, 1);
  return lines;
}

}  // namespace hourglass
