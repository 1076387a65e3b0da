#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "run/model_file.hpp"

namespace hourglass {

/// An untrained model with small parameters of either sign, all different.
inline Model small_model(const AutoencoderSpec& spec) {
  Model model;
  model.config.model = spec;
  model.network = std::make_unique<Autoencoder>(spec);
  model.parameters = Buffer<float>(model.network->layout().size());
  model.file.path = "small.h5";
  model.file.weights_digest = "0123456789abcdef0123456789abcdef";
  model.file.header.configuration = "layers = small\n";
  Index number = 0;
  for (const Tensor& tensor : model.network->layout().tensors()) {
    for (Index i = 0; i < tensor.size; ++i)
      model.parameters[tensor.offset + i] =
          static_cast<float>(0.5 * std::sin(static_cast<double>(++number)));
  }
  return model;
}

inline std::vector<float> tensor_of(const Model& model, const std::string& name) {
  const auto& tensors = model.network->layout().tensors();
  const auto found = std::ranges::find(tensors, name, &Tensor::name);
  if (found == tensors.end()) throw std::logic_error("no tensor " + name);
  const float* begin = model.parameters.data() + found->offset;
  return {begin, begin + found->size};
}

inline void set_tensor(Model& model, const std::string& name, const std::vector<float>& values) {
  const auto& tensors = model.network->layout().tensors();
  const auto found = std::ranges::find(tensors, name, &Tensor::name);
  if (found == tensors.end() || found->size != static_cast<Index>(values.size()))
    throw std::logic_error("no tensor " + name + " of that size");
  std::ranges::copy(values, model.parameters.data() + found->offset);
}

}  // namespace hourglass
