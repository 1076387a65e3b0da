#include "math/sum_of_squares.hpp"

#include <array>

namespace hourglass {

double sum_of_squares(std::span<const float> values) {
  constexpr std::size_t lanes = 8;
  std::array<double, lanes> sums{};
  std::size_t i = 0;
  for (; i + lanes <= values.size(); i += lanes) {
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const auto value = static_cast<double>(values[i + lane]);
      sums[lane] += value * value;
    }
  }
  for (std::size_t lane = 0; i < values.size(); ++i, ++lane) {
    const auto value = static_cast<double>(values[i]);
    sums[lane] += value * value;
  }
  return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

double sum_of_squares(ConstMatrix m) {
  double sum = 0;
  for (Index r = 0; r < m.rows; ++r) sum += sum_of_squares(m.row(r));
  return sum;
}

}  // namespace hourglass
