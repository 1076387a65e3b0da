#include "train/run_data.hpp"

#include "config/data_reading.hpp"
#include "core/text_digest.hpp"
#include "data/sample_weights.hpp"
#include "data/statistics.hpp"
#include "engine/inference.hpp"
#include "engine/training_data.hpp"

namespace hourglass {

RunData::RunData(const Communicator& communicator, const TrainConfig& config)
    : communicator_(communicator),
      training_(open_everywhere(communicator, config.data, training_reading(config))) {}

void RunData::prepare(const TrainConfig& config, Index features) {
  if (has_validation(config)) {
    validation_ =
        open_everywhere(communicator_, validation_data(config), validation_reading(config));
    collectively(communicator_, [&] { check_features(validation_->info(), features); });
  }
  collectively(communicator_, [&] { read_weights(config); });
  transform_ = input_transform(communicator_, *training_, config.normalize, weights_);
  check_domain(communicator_, *training_, transform_, config.model.loss);
  collectively(communicator_, [&] {
    if (!communicator_.is_root()) return;
    fingerprint_ = hourglass::fingerprint(*training_);
    if (!weights_.empty()) {
      // Other weights make another run.
      const auto bytes = std::as_bytes(std::span(weights_));
      fingerprint_ = text_digest(
          fingerprint_ + std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    }
    if (validation_) validation_fingerprint_ = hourglass::fingerprint(*validation_);
  });
  for (std::string* text : {&fingerprint_, &validation_fingerprint_})
    *text = communicator_.broadcast(*text);
}

// Of the validation samples too where those are rows of the same data set.
void RunData::read_weights(const TrainConfig& config) {
  if (config.sample_weights.empty()) return;
  weights_ = read_sample_weights(config.sample_weights, training_->info());
  if (validation_ && config.validation.empty())
    validation_weights_ = read_sample_weights(config.sample_weights, validation_->info());
}

std::unique_ptr<SampleSource> RunData::open_source(const ShardPlan& plan,
                                                   const TrainConfig& config) const {
  const Range shards = plan.shards_of_rank(communicator_.rank(), communicator_.size());
  return open_training_data(communicator_, *training_,
                            {plan,
                             shards,
                             {config.seed, config.shuffle_block, config.shuffle_window},
                             transform_,
                             weights_},
                            memory_budget(communicator_, config.memory));
}

}  // namespace hourglass
