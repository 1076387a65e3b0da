#include "train/run_data.hpp"

#include "data/statistics.hpp"
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
  transform_ = input_transform(communicator_, *training_, config.normalize);
  check_domain(communicator_, *training_, transform_, config.model.loss);
  collectively(communicator_, [&] {
    if (!communicator_.is_root()) return;
    fingerprint_ = hourglass::fingerprint(*training_);
    if (validation_) validation_fingerprint_ = hourglass::fingerprint(*validation_);
  });
  for (std::string* text : {&fingerprint_, &validation_fingerprint_})
    *text = communicator_.broadcast(*text);
  training_->release();
  if (validation_) validation_->release();
}

std::unique_ptr<SampleSource> RunData::open_source(const ShardPlan& plan,
                                                   const TrainConfig& config) const {
  const Range shards = plan.shards_of_rank(communicator_.rank(), communicator_.size());
  auto source = open_training_data(
      communicator_, *training_,
      {plan, shards, {config.seed, config.shuffle_block, config.shuffle_window}, transform_},
      memory_budget(communicator_, config.memory));
  training_->release();
  return source;
}

}  // namespace hourglass
