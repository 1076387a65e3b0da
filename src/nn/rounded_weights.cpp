#include "nn/rounded_weights.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "math/lanes.hpp"
#include "math/onednn.hpp"

namespace hourglass {

namespace {

using lanes::load;
using lanes::multiply_add;
using lanes::Vector;

[[gnu::always_inline]] inline Vector load_rounded(const Bfloat16* from) {
  std::array<float, static_cast<std::size_t>(lanes::count)> values;
  for (Index i = 0; i < lanes::count; ++i) values[static_cast<std::size_t>(i)] = to_float(from[i]);
  return load(values.data());
}

float sum_of(const Vector& v) {
  float sum = 0;
  for (Index i = 0; i < lanes::count; ++i) sum += v[i];
  return sum;
}

// The factor covers the rounding of the sums, the constant squares that are too small for a float.
float bound_of(float squares, Index width) {
  return 1.0005F * std::sqrt(squares) + 0x1p-62F * std::sqrt(static_cast<float>(width));
}

}  // namespace

RowRounding round_row(const float* from, Bfloat16* to, Index width) {
  convert_to_bfloat16(from, to, width);
  Vector squares{};
  Vector errors{};
  Index c = 0;
  for (; c + lanes::count <= width; c += lanes::count) {
    const Vector value = load(from + c);
    const Vector difference = value - load_rounded(to + c);
    squares = multiply_add(value, value, squares);
    errors = multiply_add(difference, difference, errors);
  }
  float square = sum_of(squares);
  float error = sum_of(errors);
  for (; c < width; ++c) {
    const float difference = from[c] - to_float(to[c]);
    square = std::fma(from[c], from[c], square);
    error = std::fma(difference, difference, error);
  }
  // Every element is wrong by at most 2^-8 of itself, also where the squares are too small.
  const float norm = bound_of(square, width);
  return {norm, std::min(bound_of(error, width), 0x1p-8F * norm)};
}

float norm_bound(const float* row, Index width) {
  Vector squares{};
  Index c = 0;
  for (; c + lanes::count <= width; c += lanes::count)
    squares = multiply_add(load(row + c), load(row + c), squares);
  float square = sum_of(squares);
  for (; c < width; ++c) square = std::fma(row[c], row[c], square);
  return bound_of(square, width);
}

RoundedWeights::RoundedWeights(const RoundedPart& part)
    : measured_(part.measured), rows_(static_cast<std::size_t>(part.rows)) {
  const Range measured{measured_.offset, measured_.offset + part.rows * measured_.width};
  Index end = 0;
  for (const Range& range : part.ranges) {
    end = std::max(end, range.end);
    if (measured.size() == 0 || measured.end <= range.begin || range.end <= measured.begin) {
      plain_.push_back(range);
      continue;
    }
    for (const Range& rest : {Range{range.begin, measured.begin}, Range{measured.end, range.end}}) {
      if (rest.size() > 0) plain_.push_back(rest);
    }
  }
  rounded_ = Buffer<Bfloat16>(end);
}

void RoundedWeights::round(const float* parameters, Index index, Index count) {
  for (const Range& range : plain_) {
    const Range part = even_part(range.size(), count, index);
    const Index begin = range.begin + part.begin;
    convert_to_bfloat16(parameters + begin, rounded_.data() + begin, part.size());
  }
  const Range rows = even_part(static_cast<Index>(rows_.size()), count, index);
  for (Index r = rows.begin; r < rows.end; ++r) {
    const Index begin = measured_.offset + r * measured_.width;
    rows_[static_cast<std::size_t>(r)] =
        round_row(parameters + begin, rounded_.data() + begin, measured_.width);
  }
}

Index RoundedWeights::floats() const {
  Index floats = static_cast<Index>(rows_.size()) * measured_.width;
  for (const Range& range : plain_) floats += range.size();
  return floats;
}

Index RoundedWeights::bytes() const {
  return rounded_.size() * static_cast<Index>(sizeof(Bfloat16)) +
         static_cast<Index>(rows_.size() * sizeof(RowRounding));
}

}  // namespace hourglass
