#include "train/output_range.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "core/buffer.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

namespace {

constexpr Index rows_looked_at = 128;
constexpr float far = 1e6F;
// A value that only a function without a bound reaches at `far`.
constexpr double without_end = 1e3;

std::string bound(double value) {
  return std::isinf(value) ? "any size" : fmt::format("{:.3g}", value);
}

}  // namespace

OutputRange output_range(Activation activation) {
  // Bounded ones have their extremes within a few units of 0 or at infinity.
  std::vector<float> z = {-far, far};
  for (int i = -1000; i <= 1000; ++i) z.push_back(0.01F * static_cast<float>(i));
  const auto size = static_cast<Index>(z.size());
  std::vector<float> derivative(z.size());
  activation_forward(activation, {}, {z.data(), 1, size}, {derivative.data(), 1, size});
  const auto [least, largest] = std::ranges::minmax_element(z);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  return {*least < -without_end ? -infinity : *least, *largest > without_end ? infinity : *largest};
}

std::optional<std::string> output_range_advice(const DatasetReader& reader,
                                               const InputTransform& transform,
                                               Activation output_activation, Index targets) {
  const OutputRange range = output_range(output_activation);
  const DatasetInfo& info = reader.info();
  const Index rows = std::min(rows_looked_at, info.rows());
  Buffer<std::byte> bytes(info.row_bytes());
  std::vector<float> row(static_cast<std::size_t>(info.features()));
  const std::size_t inputs = targets > 0 ? row.size() - static_cast<std::size_t>(targets) : 0;
  std::size_t outside = 0;
  float least = std::numeric_limits<float>::max();
  float largest = std::numeric_limits<float>::lowest();
  for (Index i = 0; i < rows; ++i) {
    const Index r = even_part(info.rows(), rows, i).begin;
    reader.read_rows({r, r + 1}, bytes.span());
    convert_row(info.type, bytes.data(), transform, row);
    for (const float x : std::span(row).subspan(inputs)) {
      least = std::min(least, x);
      largest = std::max(largest, x);
      // Data rounded to the bound of a bounded activation are as good as reached.
      outside += x < range.lowest - 1e-3 || x > range.highest + 1e-3 ? 1 : 0;
    }
  }
  constexpr float little = 0.01F;
  if (is_integer(info.type) && transform.mean.empty() && transform.divisor > 1 && least >= 0 &&
      largest > 0 && static_cast<double>(largest) * transform.divisor < 1.5) {
    return fmt::format(
        "advice: samples are 0 and 1, and were divided by {:g}, the largest of their type: use "
        "--normalize none",
        transform.divisor);
  }
  if (is_integer(info.type) && transform.mean.empty() && transform.divisor != 1 &&
      std::max(-least, largest) < little) {
    return fmt::format(
        "advice: integers were divided by {:g}, the largest of their type, and reach only from "
        "{:.3g} to {:.3g}: use "
        "--normalize "
        "standardize --output-activation linear, or store them as a smaller type",
        transform.divisor, least, largest);
  }
  if (outside * 100 <= (row.size() - inputs) * static_cast<std::size_t>(rows)) return std::nullopt;
  return fmt::format(
      "advice: samples reach from {:.3g} to {:.3g}, but --output-activation {} only gives values "
      "from {} to {}: use "
      "--normalize standardize --output-activation linear",
      least, largest, name_of(output_activation), bound(range.lowest), bound(range.highest));
}

}  // namespace hourglass
