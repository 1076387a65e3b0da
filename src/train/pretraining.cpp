#include "train/pretraining.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "checkpoint/state_file.hpp"
#include "hourglass/core/error.hpp"
#include "model/rbm.hpp"
#include "model/stacked.hpp"

namespace hourglass {

namespace {

// Epochs of an RBM's layer in which the momentum stays low (Hinton 2010, section 9).
constexpr Index initial_epochs = 5;

const Tensor* find(const Layout& layout, const std::string& name) {
  const auto found = std::ranges::find(layout.tensors(), name, &Tensor::name);
  return found == layout.tensors().end() ? nullptr : &*found;
}

}  // namespace

Index Pretraining::stages() const {
  return config_.pretrain.kind == Pretrain::none
             ? 0
             : static_cast<Index>(config_.model.encoder.size()) - 1;
}

std::string Pretraining::name(Index stage) const {
  if (stage >= stages()) return "";
  return fmt::format("layer {} of {} ({}-{})", stage + 1, stages(), visible(stage), hidden(stage));
}

// The activation that the stage's input went through.
Activation Pretraining::input_activation(Index stage) const {
  return stage == 0 ? config_.model.output_activation : config_.model.activation;
}

Activation Pretraining::activation(Index stage) const {
  return stage + 1 == stages() ? config_.model.code_activation : config_.model.activation;
}

double Pretraining::standard_rate(Index stage) const {
  if (config_.pretrain.kind != Pretrain::rbm)
    return scaled_learning_rate(config_.schedule, config_.pretrain_batch());
  const bool gaussian =
      input_activation(stage) == Activation::linear || activation(stage) == Activation::linear;
  return gaussian ? 0.001 : 0.1;
}

StageSettings Pretraining::settings(Index stage, const ShardPlan& plan) const {
  const PretrainSettings& pretrain = config_.pretrain;
  const bool is_rbm = pretrain.kind == Pretrain::rbm;
  StageSettings settings;
  // Products stay in single precision: a layer alone is small.
  settings.arithmetic.wire = config_.arithmetic.wire;
  settings.arithmetic.low_rank = config_.arithmetic.low_rank;
  settings.optimizer = config_.optimizer;
  if (pretrain.optimizer != "auto") settings.optimizer.name = pretrain.optimizer;
  // Layers are trained on batches: what stands in for an optimizer of whole data sets is Adam.
  if (settings.optimizer.name == lbfgs_name) settings.optimizer.name = "adam";
  if (is_rbm) {
    if (pretrain.optimizer == "auto") settings.optimizer.name = "sgd";
    settings.optimizer.momentum = pretrain.momentum;
    settings.optimizer.momentum_schedule = "constant";
    settings.optimizer.nesterov = false;
    settings.optimizer.initial_momentum_steps = initial_epochs * plan.steps_per_epoch();
  }
  settings.optimizer.weight_decay =
      value_for_layer(pretrain.weight_decay, stage, is_rbm ? 2e-4 : config_.optimizer.weight_decay);
  settings.schedule.learning_rate =
      value_for_layer(pretrain.learning_rate, stage, standard_rate(stage));
  settings.update.decay_biases = config_.update.decay_biases && !is_rbm;
  settings.clip_norm = is_rbm ? 0 : config_.clip_norm;
  settings.epochs = value_for_layer(pretrain.epochs, stage, Index{0});
  settings.reduction = config_.reduction;
  settings.bucket_bytes = config_.bucket_bytes;
  settings.overlap = config_.overlap;
  settings.sparse_exchange = config_.sparse_exchange;
  return settings;
}

std::unique_ptr<Trainable> Pretraining::rbm(Index stage) const {
  const auto unit = [](Activation a) {
    return a == Activation::sigmoid ? RbmUnit::bernoulli : RbmUnit::gaussian;
  };
  RbmSpec spec{visible(stage),
               hidden(stage),
               unit(input_activation(stage)),
               unit(activation(stage)),
               config_.pretrain.rbm_steps,
               config_.pretrain.rbm_sample_visible};
  return std::make_unique<Rbm>(spec);
}

std::unique_ptr<Trainable> Pretraining::shallow(Index stage) const {
  const AutoencoderSpec& whole = config_.model;
  AutoencoderSpec spec;
  spec.encoder = {LayerSpec(visible(stage)), LayerSpec(hidden(stage))};
  spec.activation = spec.code_activation = activation(stage);
  spec.output_activation = input_activation(stage);
  spec.feature_mean = whole.feature_mean;
  spec.tied = whole.tied;
  spec.huber_delta = whole.huber_delta;
  // Hidden activations are reconstructed in the squared error, or, where they are probabilities and
  // samples are too, by bce.
  const bool probabilities = whole.loss == Loss::bce && whole.activation == Activation::sigmoid;
  spec.loss = stage == 0 ? whole.loss : probabilities ? Loss::bce : Loss::mse;
  if (stage == 0) {
    spec.image = whole.image;
    spec.missing = whole.missing;
    spec.missing_indicator = whole.missing_indicator;
    spec.missing_means = whole.missing_means;
    spec.groups = whole.groups;
  }
  if (config_.pretrain.kind == Pretrain::denoising) {
    spec.regularization.corruption = {
        config_.pretrain.corruption,
        value_for_layer(config_.pretrain.corruption_strength, stage, 0.0)};
  }
  return std::make_unique<Autoencoder>(spec);
}

std::unique_ptr<Trainable> Pretraining::model(Index stage, const float* parameters) const {
  auto top = config_.pretrain.kind == Pretrain::rbm ? rbm(stage) : shallow(stage);
  if (stage == 0) return top;
  const Index below =
      network_.architecture().hidden_layers[static_cast<std::size_t>(stage) - 1] + 1;
  return std::make_unique<Stacked>(network_.network(), Range{0, below}, parameters, std::move(top),
                                   network_.missing_input());
}

std::vector<StoredTensor> Pretraining::tensors(Index stage, const Trainable& model) const {
  auto tensors = stored_tensors(model.layout());
  for (StoredTensor& tensor : tensors) {
    // "encoder/0/weight" -> "encoder/<stage>/weight", "decoder/0/bias" -> its mirror's.
    const bool encoder = tensor.name.starts_with("encoder/");
    const std::string part = tensor.name.substr(std::string("encoder/0").size());
    tensor.name = fmt::format("{}/{}{}", encoder ? "encoder" : "decoder",
                              encoder ? stage : stages() - 1 - stage, part);
  }
  return tensors;
}

void Pretraining::take(Index stage, const Trainable& model, std::span<const float> network,
                       std::span<float> own) const {
  for (const StoredTensor& tensor : tensors(stage, model)) {
    const Tensor* const from = find(network_.layout(), tensor.name);
    require(from != nullptr && from->shape == tensor.shape,
            "a layer without its tensor in the network");
    std::copy_n(network.data() + from->offset, tensor.size, own.data() + tensor.offset);
  }
}

void Pretraining::give(Index stage, const Trainable& model, std::span<const float> own,
                       std::span<float> network) const {
  const auto tensors = this->tensors(stage, model);
  for (const StoredTensor& tensor : tensors) {
    std::copy_n(own.data() + tensor.offset, tensor.size,
                network.data() + find(network_.layout(), tensor.name)->offset);
  }
  const Tensor* const mirror =
      find(network_.layout(), fmt::format("decoder/{}/weight", stages() - 1 - stage));
  if (mirror == nullptr ||
      std::ranges::find(tensors, mirror->name, &StoredTensor::name) != tensors.end())
    return;
  const ConstMatrix weight(own.data() + tensors.front().offset, hidden(stage), visible(stage));
  const Matrix transposed(network.data() + mirror->offset, visible(stage), hidden(stage));
  for (Index r = 0; r < transposed.rows; ++r) {
    for (Index c = 0; c < transposed.columns; ++c) transposed(r, c) = weight(c, r);
  }
}

}  // namespace hourglass
