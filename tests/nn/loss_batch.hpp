#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "hourglass/core/matrix_view.hpp"

namespace hourglass::test {

/// Random logits z ~ N(0, 4) and targets x in [0, 1), rows x features, and memory for the gradient.
struct Batch {
  Batch(Index rows, Index features, Index stride = 0, std::uint32_t seed = 1)
      : logits(static_cast<std::size_t>(rows * std::max(stride, features))),
        target(logits.size()),
        gradient(logits.size()) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0, 2);
    std::uniform_real_distribution<float> unit(0, 1);
    const Index pitch = std::max(stride, features);
    x = Matrix(target.data(), rows, features, pitch);
    z = Matrix(logits.data(), rows, features, pitch);
    g = Matrix(gradient.data(), rows, features, pitch);
    // In the order of elements, so that the numbers do not depend on the stride.
    for (Index r = 0; r < rows; ++r) {
      for (Index c = 0; c < features; ++c) {
        z(r, c) = normal(random);
        x(r, c) = unit(random);
      }
    }
  }
  std::vector<float> logits;
  std::vector<float> target;
  std::vector<float> gradient;
  Matrix x;
  Matrix z;
  Matrix g;
};

}  // namespace hourglass::test
