#pragma once

#include <utility>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// A setting of hidden layers: one value for all of them, with exceptions. Layers are counted from
/// 1, from the input on: those of the encoder, then those of the decoder, without the code.
template <class T>
struct PerLayer {
  T all = {};
  std::vector<std::pair<Index, T>> some;

  PerLayer() = default;
  PerLayer(T all_) : all(std::move(all_)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] const T& at(Index layer) const {
    for (const auto& [number, value] : some) {
      if (number == layer) return value;
    }
    return all;
  }
};

}  // namespace hourglass
