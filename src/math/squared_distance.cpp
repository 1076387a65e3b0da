#include "math/squared_distance.hpp"

#include <cmath>
#include <cstddef>

namespace hourglass {

double squared_distance(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    sum += difference * difference;
  }
  return sum;
}

double present_squared_distance(std::span<const float> output, std::span<const float> sample) {
  double sum = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    if (std::isnan(sample[i])) continue;
    const double difference = static_cast<double>(output[i]) - static_cast<double>(sample[i]);
    sum += difference * difference;
    ++count;
  }
  if (count == 0) return 0;
  return sum * (static_cast<double>(sample.size()) / static_cast<double>(count));
}

}  // namespace hourglass
