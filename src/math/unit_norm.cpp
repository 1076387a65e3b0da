#include "math/unit_norm.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace hourglass {

namespace {

// A block of columns at a time: what belongs to each fits on the stack.
constexpr Index block_columns = 64;
using BlockSums = std::array<double, block_columns>;

// By column of a block: the sum of the products of its elements in a and b.
BlockSums products(ConstMatrix a, ConstMatrix b, Index begin, Index count) {
  BlockSums sums{};
  for (Index r = 0; r < a.rows; ++r) {
    for (Index c = 0; c < count; ++c) {
      sums[static_cast<std::size_t>(c)] +=
          static_cast<double>(a(r, begin + c)) * static_cast<double>(b(r, begin + c));
    }
  }
  return sums;
}

double product(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t c = 0; c < a.size(); ++c)
    sum += static_cast<double>(a[c]) * static_cast<double>(b[c]);
  return sum;
}

// 1 where single precision could not hold the factor.
float factor_of(double squares) {
  return squares > 1e-60 ? static_cast<float>(1 / std::sqrt(squares)) : 1.0F;
}

}  // namespace

void normalize_columns(Matrix matrix) {
  for (Index begin = 0; begin < matrix.columns; begin += block_columns) {
    const Index count = std::min(block_columns, matrix.columns - begin);
    const BlockSums squares = products(matrix, matrix, begin, count);
    std::array<float, block_columns> factors{};
    std::ranges::transform(squares, factors.begin(), factor_of);
    for (Index r = 0; r < matrix.rows; ++r) {
      for (Index c = 0; c < count; ++c)
        matrix(r, begin + c) *= factors[static_cast<std::size_t>(c)];
    }
  }
}

void normalize_rows(Matrix matrix) {
  for (Index r = 0; r < matrix.rows; ++r) {
    const auto row = matrix.row(r);
    const float factor = factor_of(product(row, row));
    for (float& value : row) value *= factor;
  }
}

void remove_parallel_columns(ConstMatrix matrix, Matrix gradient) {
  for (Index begin = 0; begin < matrix.columns; begin += block_columns) {
    const Index count = std::min(block_columns, matrix.columns - begin);
    const BlockSums parts = products(matrix, gradient, begin, count);
    for (Index r = 0; r < matrix.rows; ++r) {
      for (Index c = 0; c < count; ++c) {
        gradient(r, begin + c) -=
            static_cast<float>(parts[static_cast<std::size_t>(c)]) * matrix(r, begin + c);
      }
    }
  }
}

void remove_parallel_rows(ConstMatrix matrix, Matrix gradient) {
  for (Index r = 0; r < matrix.rows; ++r) {
    const auto along = matrix.row(r);
    const auto row = gradient.row(r);
    const auto part = static_cast<float>(product(along, row));
    for (std::size_t c = 0; c < row.size(); ++c) row[c] -= part * along[c];
  }
}

}  // namespace hourglass
