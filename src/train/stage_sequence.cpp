#include "train/stage_sequence.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/geometric_median.hpp"
#include "model/dictionary_start.hpp"
#include "nn/initializer.hpp"

namespace hourglass {

StageSequence::StageSequence(const Communicator& communicator, const TrainConfig& config,
                             const Autoencoder& network, const RunData& data, const RunPlan& plan,
                             const RunProfile& profile, DictionaryShards* shards)
    : communicator_(communicator),
      config_(config),
      network_(network),
      data_(data),
      plan_(plan),
      profile_(profile),
      shards_(shards),
      pool_(config.threads),
      parameters_(network.layout().size()) {
  initialize(network.layout(), network.roles(), config.initialization, config.seed,
             parameters_.span(), shards == nullptr ? std::span<const Range>() : shards->parts());
  network.constrain(parameters_.data(), {});
  tie_start(network, parameters_.span());
}

void StageSequence::start_from_data() {
  const PreBias start = network_.spec().dictionary.pre_bias;
  if (start == PreBias::none) return;
  std::span<const float> centre = data_.centre();
  std::vector<float> median;
  if (start == PreBias::geometric_median) {
    median = geometric_median(communicator_, data_.training(), data_.transform(), centre,
                              std::sqrt(data_.variance()), config_.seed, pool_);
    centre = median;
  }
  std::ranges::copy(centre, pre_bias_of(network_, parameters_.span()).begin());
}

void StageSequence::begin(Index stage) {
  current_.reset();
  index_ = stage;
  const ShardPlan& shards = plan_.shards(stage);
  if (source_plan_ != &shards) {
    source_.reset();
    source_ = data_.open_source(sharing(), shards, config_);
    source_plan_ = &shards;
    input_seconds_ = 0;
  }
  current_ = std::make_unique<TrainedStage>(communicator_, config_, network_, plan_, stage, pool_,
                                            parameters_.span(), teacher_, shards_);
  record_phases();
}

void StageSequence::advance() {
  current_->copy_to_network();
  begin(index_ + 1);
}

void StageSequence::record_phases() {
  const auto recorders = profile_.recorders();
  if (!current_->is_pretraining() && !recorders.empty()) stage().record_phases(recorders);
}

double StageSequence::take_input_seconds() {
  const double seconds = source_->wait_seconds() - input_seconds_;
  input_seconds_ += seconds;
  return seconds;
}

}  // namespace hourglass
