#include "math/unit_norm.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace hourglass {
namespace {

std::vector<float> random_values(std::size_t count, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.2F, 1.0F);
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

// By the definition: vector v of a matrix is column v, or row v.
struct Vectors {
  Index count;
  Index size;
  bool columns;

  [[nodiscard]] std::size_t at(Index v, Index i) const {
    return static_cast<std::size_t>(columns ? i * count + v : v * size + i);
  }
  [[nodiscard]] Matrix view(std::vector<float>& values) const {
    return columns ? Matrix(values.data(), size, count) : Matrix(values.data(), count, size);
  }
  [[nodiscard]] double product(const std::vector<float>& a, const std::vector<float>& b,
                               Index v) const {
    double sum = 0;
    for (Index i = 0; i < size; ++i)
      sum += static_cast<double>(a[at(v, i)]) * static_cast<double>(b[at(v, i)]);
    return sum;
  }
};

TEST(UnitNorm, vectors_are_scaled_and_gradients_lose_what_lies_along_them) {
  for (const bool columns : {true, false}) {
    // More than one block of columns.
    const Vectors vectors{70, 9, columns};
    std::vector<float> weight = random_values(630, 1);
    for (Index i = 0; i < vectors.size; ++i) weight[vectors.at(3, i)] = 0;
    const std::vector<float> before = weight;
    columns ? normalize_columns(vectors.view(weight)) : normalize_rows(vectors.view(weight));
    std::vector<float> gradient = random_values(630, 2);
    const std::vector<float> whole = gradient;
    columns ? remove_parallel_columns(vectors.view(weight), vectors.view(gradient))
            : remove_parallel_rows(vectors.view(weight), vectors.view(gradient));
    for (Index v = 0; v < vectors.count; ++v) {
      const double norm = std::sqrt(vectors.product(before, before, v));
      EXPECT_NEAR(vectors.product(weight, weight, v), v == 3 ? 0 : 1, 1e-6);
      EXPECT_NEAR(vectors.product(weight, gradient, v), 0, 1e-6);
      const double along = vectors.product(weight, whole, v);
      for (Index i = 0; i < vectors.size; ++i) {
        const std::size_t at = vectors.at(v, i);
        const double unit = v == 3 ? 0 : static_cast<double>(before[at]) / norm;
        EXPECT_NEAR(weight[at], unit, 1e-6);
        EXPECT_NEAR(gradient[at], static_cast<double>(whole[at]) - along * unit, 2e-6);
      }
    }
  }
}

}  // namespace
}  // namespace hourglass
