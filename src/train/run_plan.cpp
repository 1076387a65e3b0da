#include "train/run_plan.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/counted.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

RunPlan::RunPlan(const TrainConfig& config, const Autoencoder& network, Index samples)
    : config_(config),
      network_(network),
      pretraining_(config, network),
      shards_(std::max<Index>(1, samples), config.shards(), config.micro_batch,
              shard_groups(config)),
      pretraining_shards_(shards_.samples(), config.pretrain_shards(), config.micro_batch) {}

void RunPlan::check(int rank, int ranks) const {
  for (const Index stage : {Index{0}, layers()})
    static_cast<void>(shards(stage).shards_of_rank(rank, ranks));
  for (Index group = 0; group < shards_.groups(); ++group) {
    // One without samples would keep the mean of all at the start.
    if (shards_.group(group).samples_in_step(0) > 0) continue;
    throw Error(ErrorKind::usage,
                fmt::format("{} of training data cannot feed {}: use --sync-groups 1",
                            counted(shards_.samples(), "row"), counted(shards_.groups(), "group")));
  }
  static_cast<void>(schedule());
}

bool RunPlan::depends_on_validation() const {
  return config_.keep_best || config_.early_stopping > 0 || schedule().watches_validation();
}

Schedule RunPlan::schedule() const {
  return {settings(layers()).schedule, shards_.steps_per_epoch(),
          config_.epochs * shards_.steps_per_epoch()};
}

StageSettings RunPlan::settings(Index stage) const {
  if (is_pretraining(stage)) return pretraining_.settings(stage, shards(stage));
  StageSettings settings{config_.optimizer,    config_.schedule,  config_.update,
                         config_.clip_norm,    config_.epochs,    config_.reduction,
                         config_.bucket_bytes, config_.arithmetic};
  settings.overlap = config_.overlap;
  settings.sparse_exchange = config_.sparse_exchange;
  settings.frozen =
      frozen_parameters(network_, config_.transfer.freeze,
                        config_.origin.known() ? &config_.origin.conditions : nullptr);
  settings.local = config_.local;
  // An update takes the samples of a group.
  settings.schedule.learning_rate =
      scaled_learning_rate(config_.schedule, config_.batch / shard_groups(config_));
  return settings;
}

double RunPlan::base_learning_rate(Index stage) const {
  return is_pretraining(stage) ? settings(stage).schedule.learning_rate
                               : config_.schedule.learning_rate;
}

Index RunPlan::epochs(Index stage) const {
  return is_pretraining(stage) ? settings(stage).epochs : config_.epochs;
}

Index RunPlan::updates_per_epoch(Index stage) const {
  return !is_pretraining(stage) && is_full_batch(config_) ? 1 : shards(stage).steps_per_epoch();
}

Index RunPlan::total_steps() const {
  Index steps = 0;
  for (Index stage = 0; stage <= layers(); ++stage)
    steps += epochs(stage) * updates_per_epoch(stage);
  return steps;
}

std::uint32_t RunPlan::epoch_number(Index stage, Index epoch) const {
  Index before = 0;
  for (Index earlier = 0; earlier < stage; ++earlier) before += epochs(earlier);
  return static_cast<std::uint32_t>(before + epoch);
}

PenaltyFactors RunPlan::penalty_factors(const Position& position) const {
  PenaltyFactors factors;
  if (is_pretraining(position.stage)) return factors;
  const PenaltySchedules& schedules = config_.penalties;
  const Index step = step_in_stage(position);
  const Index per_epoch = shards_.steps_per_epoch();
  factors.l1 = weight_ramp(schedules.l1_warmup, 1, per_epoch).factor(step);
  factors.variational =
      weight_ramp(schedules.beta_warmup, schedules.beta_cycles, per_epoch).factor(step);
  factors.l0 = weight_ramp(schedules.l0_warmup, 1, per_epoch).factor(step);
  if (schedules.k_start > 0) {
    factors.k = annealed_k(schedules.k_start, config_.model.sparsity.selection.k,
                           weight_ramp(schedules.k_anneal, 1, per_epoch).factor(step));
  }
  return factors;
}

Index RunPlan::step_in_stage(const Position& position) const {
  return position.epoch * updates_per_epoch(position.stage) + position.step_in_epoch;
}

}  // namespace hourglass
