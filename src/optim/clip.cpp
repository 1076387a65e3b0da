#include "optim/clip.hpp"

#include <array>
#include <cmath>
#include <limits>

#include "hourglass/core/error.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

namespace {

constexpr std::size_t lanes = 8;

// Eight running sums: the vector registers then add in the written order. A float's square is exact
// in double.
double cell_sum_of_squares(const float* cell) {
  std::array<double, lanes> sums{};
  for (std::size_t i = 0; i < static_cast<std::size_t>(cell_floats); i += lanes) {
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const auto value = static_cast<double>(cell[i + lane]);
      sums[lane] += value * value;
    }
  }
  return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

}  // namespace

void add_sum_of_squares(std::span<const float> gradient, ExactSum& sum) {
  constexpr auto cell = static_cast<std::size_t>(cell_floats);
  require(gradient.size() % cell == 0, "the norm of a run that is not whole cells");
  for (std::size_t i = 0; i < gradient.size(); i += cell)
    sum.add(cell_sum_of_squares(gradient.data() + i));
}

float clip_factor(double norm, double limit) {
  if (limit <= 0) return 1.0F;
  if (std::isnan(norm)) return std::numeric_limits<float>::quiet_NaN();
  return norm > limit ? static_cast<float>(limit / norm) : 1.0F;
}

}  // namespace hourglass
