#pragma once

#include <string>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// Learning rate as a function of the step: a linear warm-up to the base rate, then the schedule named.
struct ScheduleSettings {
  std::string name = "constant";   ///< constant, step, cosine
  double learning_rate = 1e-3;     ///< the base rate
  double final_learning_rate = 0;  ///< cosine: where it ends
  double decay_factor = 0.1;       ///< step: factor at every decay_epochs
  double decay_epochs = 10;        ///< step: epochs between decays
  double warmup_epochs = 0;        ///< linear ramp from 0 to the base rate; the schedule then starts at its beginning
};

/// Where in its course a schedule is, counted in steps after the warm-up.
struct ScheduleProgress {
  Index step = 0;         ///< 0 for the first update after the warm-up, at most `steps`
  Index steps = 0;        ///< updates of the whole training after the warm-up
  Index decay_steps = 1;  ///< updates in decay_epochs, at least 1
};

/// A pure function of the step number: resuming needs no state.
class Schedule {
 public:
  /// `steps_per_epoch` and `total_steps` come from the data and the configuration. Epochs become steps by rounding to the
  /// nearest. Throws Error(usage) naming a bad setting; both settings when the warm-up is longer than the training.
  Schedule(const ScheduleSettings& settings, Index steps_per_epoch, Index total_steps);

  /// Rate of update `step`, counted from 0. During warm-up: base * (step + 1) / warmup_steps. Afterwards, with
  /// s = step - warmup_steps and n = total_steps - warmup_steps (s stays at n beyond the end):
  ///   constant: base
  ///   step:     base * decay_factor^floor(s / decay_steps)
  ///   cosine:   final + (base - final) * (1 + cos(pi * s / n)) / 2        (Loshchilov & Hutter 2017)
  [[nodiscard]] double rate(Index step) const;

 private:
  using Formula = double (*)(const ScheduleSettings&, const ScheduleProgress&);

  ScheduleSettings settings_;
  Formula formula_ = nullptr;
  Index warmup_steps_ = 0;
  Index decay_steps_ = 1;
  Index total_steps_ = 0;
};

[[nodiscard]] std::vector<std::string> schedule_names();

}  // namespace hourglass
