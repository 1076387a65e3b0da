#include "train/run_data.hpp"

#include "data/feature_advice.hpp"
#include "engine/inference.hpp"
#include "engine/training_data.hpp"

namespace hourglass {

RunData::RunData(const Communicator& communicator, const TrainConfig& config)
    : communicator_(communicator),
      training_(open_everywhere(communicator, config.data, config.reading)) {}

void RunData::prepare(const TrainConfig& config, Index features) {
  if (!config.validation.empty()) {
    validation_ = open_everywhere(communicator_, config.validation, config.reading);
    collectively(communicator_, [&] { check_features(validation_->info(), features); });
  }
  FeatureStatistics statistics;
  transform_ = input_transform(communicator_, *training_, config.normalize, &statistics);
  check_domain(communicator_, *training_, transform_, config.model.loss);
  collectively(communicator_, [&] {
    if (!communicator_.is_root()) return;
    fingerprint_ = hourglass::fingerprint(*training_);
    if (validation_) validation_fingerprint_ = hourglass::fingerprint(*validation_);
    look_for_odd_values(statistics);
  });
  for (std::string* text : {&fingerprint_, &validation_fingerprint_})
    *text = communicator_.broadcast(*text);
}

void RunData::look_for_odd_values(const FeatureStatistics& statistics) {
  const auto add = [&](const std::optional<std::string>& line) {
    if (line) advice_.push_back(*line);
  };
  if (!statistics.mean.empty()) add(constant_feature_advice(statistics));
  const RowSample sample(*training_);
  add(fill_value_advice(*training_, sample));
  correlation_ = row_correlation(*training_, sample, transform_);
  if (validation_) {
    add(unfamiliar_feature_advice(*validation_, RowSample(*validation_), transform_, &statistics));
  }
}

std::unique_ptr<SampleSource> RunData::open_source(const ShardPlan& plan,
                                                   const TrainConfig& config) const {
  const Range shards = plan.shards_of_rank(communicator_.rank(), communicator_.size());
  return open_training_data(
      communicator_, *training_,
      {plan, shards, {config.seed, config.shuffle_block, config.shuffle_window}, transform_},
      memory_budget(communicator_, config.memory));
}

}  // namespace hourglass
