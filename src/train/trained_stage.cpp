#include "train/trained_stage.hpp"

namespace hourglass {

TrainedStage::TrainedStage(const Communicator& communicator, const TrainConfig& config,
                           const Autoencoder& network, const RunPlan& plan, Index index,
                           WorkerPool& pool, std::span<float> parameters, const Model* teacher,
                           DictionaryShards* shards)
    : pretraining_(plan.pretraining()),
      index_(index),
      network_tensors_(stored_tensors(network.layout())),
      network_parameters_(parameters),
      shards_(shards) {
  if (plan.is_pretraining(index)) {
    layer_ = pretraining_.model(index, parameters.data());
    layer_parameters_ = Buffer<float>(layer_->layout().size());
    pretraining_.take(index, *layer_, parameters, layer_parameters_.span());
  }
  if (teacher != nullptr && !layer_) {
    distilled_ =
        std::make_unique<Distilled>(network, *teacher->network, teacher->parameters.data(),
                                    config.transfer.distill, config.transfer.distill_weight);
  }
  const Trainable& whole = distilled_ ? *distilled_ : static_cast<const Trainable&>(network);
  const Trainable& model = layer_ ? *layer_ : whole;
  StageSettings settings = plan.settings(index);
  settings.shards = shards;
  stage_ = std::make_unique<Stage>(communicator, model, plan.shards(index), pool,
                                   layer_ ? layer_parameters_.span() : parameters, settings);
  if (!layer_ && is_full_batch(config))
    full_batch_ = std::make_unique<FullBatch>(communicator, *stage_, config);
}

void TrainedStage::copy_to_network() {
  if (layer_) pretraining_.give(index_, *layer_, layer_parameters_.span(), network_parameters_);
}

StoredArena TrainedStage::stored_parameters() {
  StoredArena parameters{"/model", network_tensors_, {}, {}};
  if (layer_) {
    // Every rank has all of it: each writes its part.
    copy_to_network();
    parameters.ranges.push_back({0, static_cast<Index>(network_parameters_.size())});
    parameters.values.push_back(network_parameters_.data());
    return parameters;
  }
  for (const Range& range : stage_->owned()) {
    parameters.ranges.push_back(range);
    parameters.values.push_back(network_parameters_.data() + range.begin);
  }
  if (shards_ != nullptr) shards_->keep_counted(parameters);
  return parameters;
}

StoredArena TrainedStage::stored_model() {
  return stage_->sharded_optimizer().averages()
             ? stage_->sharded_optimizer().stored_average(network_tensors_)
             : stored_parameters();
}

std::vector<StoredArena> TrainedStage::stored_optimizer(StateHeader& header) const {
  if (full_batch_) return full_batch_->stored(network_tensors_, header.position);
  stage_->store(header);
  const std::vector<StoredTensor> tensors =
      layer_ ? pretraining_.tensors(index_, *layer_) : network_tensors_;
  return stage_->stored(tensors);
}

void TrainedStage::load_optimizer(const StateFile& file) {
  if (full_batch_) {
    full_batch_->load(file);
    return;
  }
  stage_->load(file);
}

}  // namespace hourglass
