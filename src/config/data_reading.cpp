#include "config/data_reading.hpp"

#include <fmt/format.h>

#include <utility>

#include "config/sample_reading.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

bool is_split(const TrainConfig& config) { return config.reading.views.split.active(); }

void check(bool valid, const std::string& message) {
  if (!valid) throw Error(ErrorKind::usage, message);
}

}  // namespace

ReadOptions training_reading(const TrainConfig& config) {
  ReadOptions reading = sample_reading(config);
  reading.views.part = is_split(config) ? DataPart::training : DataPart::all;
  reading.target = config.target;
  return reading;
}

bool has_validation(const TrainConfig& config) {
  return !config.validation.empty() || is_split(config);
}

std::string validation_data(const TrainConfig& config) {
  return is_split(config) ? config.data : config.validation;
}

ReadOptions validation_reading(const TrainConfig& config) {
  ReadOptions reading = sample_reading(config);
  reading.target = is_split(config) ? config.target : config.validation_target;
  if (!is_split(config)) return for_other_rows(reading);
  reading.views.part = DataPart::validation;
  return reading;
}

void check_split(const TrainConfig& config) {
  const RowSplit& split = config.reading.views.split;
  check(split.fraction >= 0 && split.fraction < 1,
        fmt::format("--validation-fraction must be above 0 and below 1, not {}", split.fraction));
  check(split.folds == 0 || split.folds >= 2,
        fmt::format("--folds must be at least 2, not {}", split.folds));
  check(split.fraction == 0 || split.folds == 0,
        "--validation-fraction and --folds both hold out rows: give one of them");
  check(split.folds == 0 || (split.fold >= 1 && split.fold <= split.folds),
        fmt::format("--folds {} needs --fold 1 to {}, the fold that is held out, not {}",
                    split.folds, split.folds, split.fold));
  check(split.folds > 0 || split.fold == 0, "--fold needs --folds, the number of folds");
  check(!split.active() || config.validation.empty(),
        fmt::format("{} holds out rows of --data for validation: leave out --validation",
                    split.folds > 0 ? "--folds" : "--validation-fraction"));
}

void check_sample_weights(const TrainConfig& config) {
  if (config.sample_weights.empty()) return;
  const Regularization& r = config.model.regularization;
  for (const auto& [name, used] : {std::pair{"kl-weight", r.kl_weight > 0},
                                   {"contractive", r.contractive > 0},
                                   {"hessian-weight", r.hessian_weight > 0},
                                   {"predictive", r.predictive},
                                   {"missing", config.model.missing != Missing::refuse},
                                   {"pretrain", config.pretrain.kind != Pretrain::none}}) {
    check(!used, fmt::format("--sample-weights cannot be combined with --{}: leave out one of them",
                             name));
  }
}

void check_condition(const TrainConfig& config) {
  if (config.condition.empty()) {
    check(config.validation_condition.empty(), "--validation-condition needs --condition");
    return;
  }
  check(config.reading.views.window == 0,
        "--condition cannot be combined with --window: leave out one of them");
  check(config.pretrain.kind == Pretrain::none,
        "--condition cannot be combined with --pretrain: leave out one of them");
  check(config.validation.empty() || !config.validation_condition.empty(),
        "--condition with --validation needs --validation-condition, the same of those samples");
  check(config.validation_condition.empty() || !config.validation.empty(),
        "--validation-condition needs --validation");
}

void check_highly_variable(const TrainConfig& config) {
  check(config.highly_variable >= 0,
        fmt::format("--highly-variable must be at least 1, or 0 for all, not {}",
                    config.highly_variable));
  if (config.highly_variable == 0) return;
  const RowViews& views = config.reading.views;
  for (const auto& [name, used] : {std::pair{"select-columns", !views.columns.empty()},
                                   {"window", views.window > 0},
                                   {"missing", config.model.missing != Missing::refuse},
                                   {"channels", config.channels == ChannelOrder::first}}) {
    check(
        !used,
        fmt::format("--highly-variable cannot be combined with --{}: leave out one of them", name));
  }
}

void check_empty_counts(const TrainConfig& config) {
  if (config.empty_counts == EmptyCounts::refuse) return;
  check(takes_counts(config), fmt::format("--empty-counts {} needs --loss nb or zinb, or --counts",
                                          name_of(config.empty_counts)));
  for (const auto& [name, used] : {std::pair{"window", config.reading.views.window > 0},
                                   {"channels", config.channels == ChannelOrder::first}}) {
    check(config.empty_counts != EmptyCounts::drop || !used,
          fmt::format("--empty-counts drop cannot be combined with --{}: leave out one of them",
                      name));
  }
}

void check_target(const TrainConfig& config) {
  if (config.target.empty()) {
    check(config.target_normalize == Normalize::automatic, "--target-normalize needs --target");
    check(config.validation_target.empty(), "--validation-target needs --target");
    return;
  }
  for (const auto& [name, used] : {std::pair{"window", config.reading.views.window > 0},
                                   {"pretrain", config.pretrain.kind != Pretrain::none},
                                   {"highly-variable", config.highly_variable > 0},
                                   {"teacher", !config.transfer.teacher.empty()},
                                   {"missing-value", !config.missing_values.empty()}}) {
    check(!used, fmt::format("--target cannot be combined with --{}: leave out one of them", name));
  }
  check(config.validation.empty() || !config.validation_target.empty(),
        "--target with --validation needs --validation-target, the same of those samples");
  check(config.validation_target.empty() || !config.validation.empty(),
        "--validation-target needs --validation");
}

ReadOptions for_other_rows(ReadOptions reading) {
  reading.views.rows.clear();
  reading.views.part = DataPart::all;
  return reading;
}

}  // namespace hourglass
