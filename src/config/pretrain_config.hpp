#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hourglass/core/types.hpp"
#include "nn/corruption.hpp"

namespace hourglass {

/// How the layers are trained one by one before the whole network is.
enum class Pretrain {
  none,
  autoencoder,  ///< each layer and its mirror as an autoencoder of the layer's input      (Bengio
                ///< et al. 2007)
  denoising,  ///< the same from a corrupted input                                       (Vincent et
              ///< al. 2010)
  rbm,        ///< each layer as a restricted Boltzmann machine                          (Hinton &
              ///< Salakhutdinov 2006)
};

[[nodiscard]] std::string_view name_of(Pretrain pretrain);
/// Throws Error(usage) that lists the names.
[[nodiscard]] Pretrain pretrain_from(std::string_view name);
[[nodiscard]] std::vector<std::string> pretrain_names();

/// Settings of the pretraining. A list has one value for all layers or one per layer, from the
/// input up; an empty list stands for the default given below.
struct PretrainSettings {
  Pretrain kind = Pretrain::none;
  std::vector<Index> epochs = {10};
  std::vector<double>
      learning_rate;  ///< rbm: 0.1, or 0.001 where a side is Gaussian; else --learning-rate
  std::vector<double> weight_decay;  ///< rbm: 0.0002 (on weights only); else --weight-decay
  std::string optimizer = "auto";    ///< rbm: sgd; else --optimizer, adam for lbfgs
  double momentum = 0.9;             ///< rbm: after the first 5 epochs, in which it is at most 0.5
  Index batch = 0;                   ///< 0: --batch
  Corruption corruption = Corruption::masking;
  std::vector<double> corruption_strength = {0.25};
  Index rbm_steps = 1;
  bool rbm_sample_visible = false;
};

struct TrainConfig;
/// Throws Error(usage) naming the settings when pretraining cannot be done with this configuration.
void check_pretraining(const TrainConfig& config);

/// A list's value for layer `layer` (from 0), or `standard` when the list is empty.
template <class T>
[[nodiscard]] T value_for_layer(const std::vector<T>& list, Index layer, T standard) {
  if (list.empty()) return standard;
  return list.size() == 1 ? list.front() : list[static_cast<std::size_t>(layer)];
}

}  // namespace hourglass
