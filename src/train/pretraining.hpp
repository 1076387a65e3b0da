#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/state_file.hpp"
#include "config/config.hpp"
#include "engine/stage.hpp"
#include "model/autoencoder.hpp"

namespace hourglass {

/// Greedy layer-wise pretraining: stage l (from 0) trains encoder layer l and its mirror in the
/// decoder on what the layers below, which stay as they are, make of the samples. A stage has an
/// arena of its own, in which the tensors are called "encoder/0/..." and "decoder/0/..."; take()
/// and give() copy between it and the network's.
class Pretraining {
 public:
  /// `config` has passed check_pretraining(). Both outlive this.
  Pretraining(const TrainConfig& config, const Autoencoder& network)
      : config_(config), network_(network) {}

  /// One a layer of the encoder; 0 without pretraining.
  [[nodiscard]] Index stages() const;
  /// "layer 1 of 3 (784-500)", for people; "" from stages() on.
  [[nodiscard]] std::string name(Index stage) const;
  [[nodiscard]] StageSettings settings(Index stage, const ShardPlan& plan) const;
  /// The model that the stage trains; it reads the lower layers from `parameters`, the network's
  /// arena.
  [[nodiscard]] std::unique_ptr<Trainable> model(Index stage, const float* parameters) const;
  /// The stage's tensors by their names in the network.
  [[nodiscard]] std::vector<StoredTensor> tensors(Index stage, const Trainable& model) const;
  void take(Index stage, const Trainable& model, std::span<const float> network,
            std::span<float> own) const;
  /// Also writes the decoder's weight, transposed, when the stage has none of its own (rbm).
  void give(Index stage, const Trainable& model, std::span<const float> own,
            std::span<float> network) const;

 private:
  [[nodiscard]] Index visible(Index stage) const {
    return config_.model.encoder[static_cast<std::size_t>(stage)].units;
  }
  [[nodiscard]] Index hidden(Index stage) const {
    return config_.model.encoder[static_cast<std::size_t>(stage) + 1].units;
  }
  [[nodiscard]] Activation input_activation(Index stage) const;
  [[nodiscard]] Activation activation(Index stage) const;
  [[nodiscard]] std::unique_ptr<Trainable> rbm(Index stage) const;
  [[nodiscard]] std::unique_ptr<Trainable> shallow(Index stage) const;
  [[nodiscard]] double standard_rate(Index stage) const;

  const TrainConfig& config_;
  const Autoencoder& network_;
};

}  // namespace hourglass
