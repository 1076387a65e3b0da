#include "train/run_data.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "data/statistics.hpp"
#include "engine/inference.hpp"
#include "engine/training_data.hpp"

namespace hourglass {

namespace {

std::vector<std::string> notes_on(const FeatureStatistics& statistics, Index rows) {
  const double elements = static_cast<double>(rows) * static_cast<double>(statistics.count.size());
  double there = 0;
  for (const Index count : statistics.count) there += static_cast<double>(count);
  std::vector<std::string> notes = {
      fmt::format("missing: {:.3g} % of the elements", 100 * (1 - there / elements))};
  const auto empty = std::ranges::count(statistics.count, 0);
  if (empty > 0) {
    notes.push_back(fmt::format(
        "advice: {} of {} features are missing in every sample (the first: {}): the network is fed "
        "0 for them and learns nothing about them; leave them out of the data",
        empty, statistics.count.size(),
        std::ranges::find(statistics.count, 0) - statistics.count.begin()));
  }
  return notes;
}

}  // namespace

RunData::RunData(const Communicator& communicator, const TrainConfig& config)
    : communicator_(communicator),
      training_(open_everywhere(communicator, config.data, config.reading)) {}

void RunData::prepare(const TrainConfig& config, Index features) {
  if (!config.validation.empty()) {
    validation_ = open_everywhere(communicator_, config.validation, config.reading);
    collectively(communicator_, [&] { check_features(validation_->info(), features); });
  }
  FeatureStatistics statistics;
  transform_ = input_transform(communicator_, *training_, config.normalize, missing_values(config),
                               &statistics);
  if (config.model.missing != Missing::refuse) {
    if (statistics.count.empty())
      statistics = feature_statistics(communicator_, *training_, missing_values(config));
    missing_notes_ = notes_on(statistics, training_->info().rows());
  }
  check_domain(communicator_, *training_, transform_, config.model.loss);
  collectively(communicator_, [&] {
    if (!communicator_.is_root()) return;
    fingerprint_ = hourglass::fingerprint(*training_);
    if (validation_) validation_fingerprint_ = hourglass::fingerprint(*validation_);
  });
  for (std::string* text : {&fingerprint_, &validation_fingerprint_})
    *text = communicator_.broadcast(*text);
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
