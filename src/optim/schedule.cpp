#include "optim/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <string_view>

#include "hourglass/core/error.hpp"
#include "optim/check.hpp"

namespace hourglass {

namespace {

double constant(const ScheduleSettings& settings, const ScheduleProgress&) {
  return settings.learning_rate;
}

double stepwise(const ScheduleSettings& settings, const ScheduleProgress& progress) {
  const Index decays = progress.step / progress.decay_steps;
  return settings.learning_rate * std::pow(settings.decay_factor, static_cast<double>(decays));
}

double cosine(const ScheduleSettings& settings, const ScheduleProgress& progress) {
  if (progress.step >= progress.steps) return settings.final_learning_rate;
  const double course = static_cast<double>(progress.step) / static_cast<double>(progress.steps);
  const double share = (1.0 + std::cos(std::numbers::pi * course)) / 2.0;
  return settings.final_learning_rate +
         (settings.learning_rate - settings.final_learning_rate) * share;
}

double half_cosine(double from, double to, double course) {
  return to + (from - to) * (1.0 + std::cos(std::numbers::pi * std::clamp(course, 0.0, 1.0))) / 2.0;
}

double exponential(const ScheduleSettings& settings, const ScheduleProgress& progress) {
  return settings.learning_rate *
         std::pow(settings.decay_factor,
                  static_cast<double>(progress.step) / static_cast<double>(progress.decay_steps));
}

double polynomial(const ScheduleSettings& settings, const ScheduleProgress& progress) {
  if (progress.step >= progress.steps) return settings.final_learning_rate;
  const double left =
      1.0 - static_cast<double>(progress.step) / static_cast<double>(progress.steps);
  return settings.final_learning_rate + (settings.learning_rate - settings.final_learning_rate) *
                                            std::pow(left, settings.decay_power);
}

double cosine_restarts(const ScheduleSettings& settings, const ScheduleProgress& progress) {
  auto period = static_cast<double>(progress.decay_steps);
  auto step = static_cast<double>(progress.step);
  while (step >= period) {
    step -= period;
    period *= settings.period_factor;
  }
  return half_cosine(settings.learning_rate, settings.final_learning_rate, step / period);
}

double one_cycle(const ScheduleSettings& settings, const ScheduleProgress& progress) {
  const double rise = 0.3 * static_cast<double>(progress.steps);
  const auto step = static_cast<double>(progress.step);
  if (step < rise)
    return half_cosine(settings.learning_rate / 25, settings.learning_rate, step / rise);
  return half_cosine(settings.learning_rate, settings.final_learning_rate,
                     (step - rise) / std::max(1.0, static_cast<double>(progress.steps) - rise));
}

double inverse_sqrt(const ScheduleSettings& settings, const ScheduleProgress& progress) {
  const auto w = static_cast<double>(std::max<Index>(1, progress.warmup_steps));
  return settings.learning_rate * std::sqrt(w / (w + static_cast<double>(progress.step)));
}

void check_step(const ScheduleSettings& settings) {
  check_positive("--decay-epochs", settings.decay_epochs);
  check_positive("--decay-factor", settings.decay_factor);
  if (settings.decay_factor > 1) {
    throw Error(ErrorKind::usage,
                fmt::format("--decay-factor is {}; it must be at most 1", settings.decay_factor));
  }
}

void check_cosine(const ScheduleSettings& settings) {
  check_not_negative("--final-learning-rate", settings.final_learning_rate);
  if (settings.final_learning_rate > settings.learning_rate) {
    throw Error(
        ErrorKind::usage,
        fmt::format("--final-learning-rate {} is above --learning-rate {}; the schedule goes down",
                    settings.final_learning_rate, settings.learning_rate));
  }
}

void check_polynomial(const ScheduleSettings& settings) {
  check_cosine(settings);
  check_positive("--decay-power", settings.decay_power);
}

void check_restarts(const ScheduleSettings& settings) {
  check_cosine(settings);
  check_positive("--decay-epochs", settings.decay_epochs);
  if (settings.period_factor < 1) {
    throw Error(ErrorKind::usage, fmt::format("--period-factor is {}; it must be at least 1",
                                              settings.period_factor));
  }
}

void check_plateau(const ScheduleSettings& settings) {
  check_step(settings);
  if (settings.patience < 1) {
    throw Error(ErrorKind::usage,
                fmt::format("--patience is {}; it must be at least 1", settings.patience));
  }
}

struct Form {
  std::string_view name;
  double (*rate)(const ScheduleSettings&, const ScheduleProgress&);
  void (*check)(const ScheduleSettings&);  // of the settings that this schedule alone uses
  bool depends_on_length = false;
};

constexpr std::array forms = {
    Form{"constant", constant, nullptr},
    Form{"step", stepwise, check_step},
    Form{"exponential", exponential, check_step},
    Form{"polynomial", polynomial, check_polynomial, true},
    Form{"cosine", cosine, check_cosine, true},
    Form{"cosine-restarts", cosine_restarts, check_restarts},
    Form{"one-cycle", one_cycle, check_cosine, true},
    Form{"inverse-sqrt", inverse_sqrt, nullptr},
    Form{"plateau", constant, check_plateau},
};

const Form& form_of(const std::string& name) {
  const auto found = std::ranges::find(forms, name, &Form::name);
  if (found == forms.end()) throw_unknown_choice("--schedule", name, schedule_names());
  return *found;
}

// Beyond 2^62 a count of steps is as good as never, and still fits.
Index steps_in(double epochs, Index steps_per_epoch) {
  return std::llround(std::min(epochs * static_cast<double>(steps_per_epoch), 0x1p62));
}

}  // namespace

Schedule::Schedule(const ScheduleSettings& settings, Index steps_per_epoch, Index total_steps)
    : settings_(settings), total_steps_(total_steps) {
  require(steps_per_epoch >= 1 && total_steps >= 0, "a schedule without steps");
  const Form& form = form_of(settings.name);
  formula_ = form.rate;
  check_positive_float("--learning-rate", settings.learning_rate);
  check_not_negative("--warmup-epochs", settings.warmup_epochs);
  if (form.check != nullptr) form.check(settings);
  warmup_steps_ = steps_in(settings.warmup_epochs, steps_per_epoch);
  decay_steps_ = std::max(Index{1}, steps_in(settings.decay_epochs, steps_per_epoch));
  if (warmup_steps_ > total_steps) {
    throw Error(ErrorKind::usage,
                fmt::format("--warmup-epochs {} ({} steps) is longer than the training of --epochs "
                            "{:.6g} ({} steps)",
                            settings.warmup_epochs, warmup_steps_,
                            static_cast<double>(total_steps) / static_cast<double>(steps_per_epoch),
                            total_steps));
  }
}

double Schedule::rate(Index step, Index plateaus) const {
  const double factor =
      watches_validation() ? std::pow(settings_.decay_factor, static_cast<double>(plateaus)) : 1.0;
  if (step < warmup_steps_) {
    return factor * settings_.learning_rate *
           (static_cast<double>(step + 1) / static_cast<double>(warmup_steps_));
  }
  const Index steps = total_steps_ - warmup_steps_;
  return factor * formula_(settings_, {.step = std::min(step - warmup_steps_, steps),
                                       .steps = steps,
                                       .decay_steps = decay_steps_,
                                       .warmup_steps = warmup_steps_});
}

bool Schedule::depends_on_length(const std::string& name) {
  return form_of(name).depends_on_length;
}

double scaled_learning_rate(const ScheduleSettings& settings, Index batch) {
  if (settings.base_batch < 1) {
    throw Error(ErrorKind::usage,
                fmt::format("--base-batch is {}; it must be at least 1", settings.base_batch));
  }
  const double share = static_cast<double>(batch) / static_cast<double>(settings.base_batch);
  if (settings.scaling == "linear") return settings.learning_rate * share;
  if (settings.scaling == "sqrt") return settings.learning_rate * std::sqrt(share);
  return settings.learning_rate;
}

Index count_plateaus(std::span<const double> errors, Index patience) {
  double best = std::numeric_limits<double>::infinity();
  Index waited = 0;
  Index plateaus = 0;
  for (const double error : errors) {
    if (error < best) {
      best = error;
      waited = 0;
    } else if (++waited == patience) {
      ++plateaus;
      waited = 0;
    }
  }
  return plateaus;
}

std::vector<std::string> schedule_names() {
  std::vector<std::string> result;
  result.reserve(forms.size());
  for (const Form& form : forms) result.emplace_back(form.name);
  return result;
}

}  // namespace hourglass
