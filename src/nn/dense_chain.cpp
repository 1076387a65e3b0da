#include "nn/dense_chain.hpp"

#include <algorithm>

#include "hourglass/core/error.hpp"
#include "nn/dense.hpp"
#include "nn/gaussian_sample.hpp"
#include "nn/noise.hpp"

namespace hourglass {

std::optional<DenseChain> DenseChain::of(const Network& network, Range range,
                                         const float* parameters, Index block) {
  DenseChain chain;
  for (Index i = range.begin; i < range.end; ++i) {
    const Layer& layer = network.layer(i);
    if (dynamic_cast<const NoiseLayer*>(&layer) != nullptr) continue;
    if (dynamic_cast<const GaussianSample*>(&layer) != nullptr && !chain.steps_.empty()) {
      chain.steps_.back().kept = layer.outputs();
      continue;
    }
    const auto* dense = dynamic_cast<const Dense*>(&layer);
    if (dense == nullptr) return std::nullopt;
    // A tied mirror has no weight of its own.
    const std::vector<TensorRole> roles = dense->roles();
    const bool mirror =
        std::ranges::find(roles, dense->weight_slot(), &TensorRole::slot) == roles.end();
    const float* weight = dense->weight(parameters).data;
    const ConstMatrix stored(weight, mirror ? dense->inputs() : dense->outputs(),
                             mirror ? dense->outputs() : dense->inputs());
    chain.steps_.push_back({RowProduct(stored, mirror, block), dense->bias(parameters),
                            dense->activation(), dense->outputs()});
    chain.widest_ = std::max(chain.widest_, dense->outputs());
  }
  if (chain.steps_.empty()) return std::nullopt;
  return chain;
}

Matrix DenseChain::run(ConstMatrix x, std::span<float> memory) const {
  require(static_cast<Index>(memory.size()) >= 2 * x.rows * widest_, "too little memory");
  Matrix y;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    y = {memory.data() + static_cast<Index>(i % 2) * x.rows * widest_, x.rows,
         step.product.outputs()};
    step.product.multiply(x, y);
    activation_forward(step.activation, step.bias, y, {});
    y.columns = step.kept;
    x = y;
  }
  return y;
}

}  // namespace hourglass
