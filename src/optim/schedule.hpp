#pragma once

#include <span>
#include <string>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// The learning rate as a function of the step: a linear warm-up to the base rate, then the named
/// schedule.
struct ScheduleSettings {
  std::string name = "constant";   ///< see Schedule::rate
  double learning_rate = 1e-3;     ///< the base rate
  double final_learning_rate = 0;  ///< cosine, polynomial, cosine-restarts, one-cycle: last rate
  double decay_factor = 0.1;       ///< step, exponential: per decay_epochs; plateau: per plateau
  double decay_epochs = 10;  ///< step, exponential: see above; cosine-restarts: the first period
  double decay_power = 1;    ///< polynomial: exponent
  double period_factor = 2;  ///< cosine-restarts: ratio of each period to the previous one
  Index patience = 5;        ///< plateau: epochs without improvement
  double warmup_epochs = 0;  ///< linear ramp from 0 to the base rate, before the schedule
  /// none; linear, sqrt: the base rate is for batches of base_batch (Goyal et al. 2017; Krizhevsky
  /// 2014)
  std::string scaling = "none";
  Index base_batch = 256;
};

/// The base rate for this batch size: learning_rate times batch / base_batch, its root, or 1.
[[nodiscard]] double scaled_learning_rate(const ScheduleSettings& settings, Index batch);

/// The number of plateaus in a sequence of validation errors, one per epoch: `patience` epochs in a
/// row without a new smallest error are a plateau, after which counting starts again.
[[nodiscard]] Index count_plateaus(std::span<const double> errors, Index patience);

/// The progress of a schedule, in steps after the warm-up.
struct ScheduleProgress {
  Index step = 0;         ///< 0 for the first update after the warm-up, at most `steps`
  Index steps = 0;        ///< updates of the whole training after the warm-up
  Index decay_steps = 1;  ///< updates in decay_epochs, at least 1
  Index warmup_steps = 0;
};

/// A learning-rate schedule: a pure function of the step number, so that resuming needs no state.
class Schedule {
 public:
  /// `steps_per_epoch` and `total_steps` come from the data and the configuration. Epochs are
  /// converted to steps by rounding to the nearest. Throws Error(usage) naming a bad setting; both
  /// settings when the warm-up is longer than the training.
  Schedule(const ScheduleSettings& settings, Index steps_per_epoch, Index total_steps);

  /// The rate of update `step`, counted from 0. During warm-up: base * (step + 1) / warmup_steps.
  /// Afterwards, with s = step - warmup_steps and n = total_steps - warmup_steps (s stays at n
  /// beyond the end):
  ///   constant:        base
  ///   step:            base * decay_factor^floor(s / decay_steps)
  ///   exponential:     base * decay_factor^(s / decay_steps)
  ///   polynomial:      final + (base - final) * (1 - s / n)^decay_power
  ///   cosine:          final + (base - final) * (1 + cos(pi * s / n)) / 2
  ///                    (Loshchilov & Hutter 2017)
  ///   cosine-restarts: the same over periods of decay_steps, decay_steps * period_factor, ...
  ///   one-cycle:       from base / 25 up to base in 30 % of the steps and down to final, each part
  ///                    half a cosine (Smith 2018)
  ///   inverse-sqrt:    base * sqrt(w / (w + s)), w = max(1, warmup_steps) (Vaswani et al. 2017)
  ///   plateau:         base * decay_factor^plateaus
  [[nodiscard]] double rate(Index step, Index plateaus = 0) const;
  /// Whether the rate of a step depends on how long the training will be.
  [[nodiscard]] static bool depends_on_length(const std::string& name);
  /// Whether the rate depends on the plateaus of the validation error.
  [[nodiscard]] bool watches_validation() const { return settings_.name == "plateau"; }

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
