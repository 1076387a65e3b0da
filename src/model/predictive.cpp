#include "model/predictive.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/scratch_arena.hpp"
#include "math/blas.hpp"

namespace hourglass {

namespace {

// Of a symmetric matrix with no negative eigenvalue: two upper bounds of the largest, whichever is
// smaller.
double curvature_bound(ConstMatrix gram) {
  double squares = 0;
  double largest_row = 0;
  for (Index r = 0; r < gram.rows; ++r) {
    double row = 0;
    for (const float value : gram.row(r)) {
      squares += static_cast<double>(value) * static_cast<double>(value);
      row += std::fabs(static_cast<double>(value));
    }
    largest_row = std::max(largest_row, row);
  }
  return std::min(std::sqrt(squares), largest_row);
}

// max(|z| - threshold, 0) with z's sign; a NaN passes.
float soft_threshold(float z, float threshold) {
  if (z > threshold) return z - threshold;
  if (z < -threshold) return z + threshold;
  return z == z ? 0.0F : z;
}

}  // namespace

PredictiveSparse::PredictiveSparse(const Regularization& settings, const Dense& dictionary,
                                   double data_weight)
    : dictionary_(dictionary),
      data_weight_(data_weight),
      l1_(settings.l1),
      alpha_(settings.predictive_weight),
      iterations_(settings.predictive_iterations) {}

Index PredictiveSparse::scratch_floats(Index rows) const {
  const Index code = dictionary_.inputs();
  return ScratchArena::floats_of(code, code) +
         ScratchArena::floats_of(rows, dictionary_.outputs()) +
         4 * ScratchArena::floats_of(rows, code);
}

ConstMatrix PredictiveSparse::infer(const float* parameters, ConstMatrix x, ConstMatrix f,
                                    std::span<float> scratch) const {
  const ConstMatrix dictionary = dictionary_.weight(parameters);
  const auto bias = dictionary_.bias(parameters);
  const Index code = dictionary.columns;
  ScratchArena arena(scratch);
  const Matrix gram = arena.allocate(code, code);
  gemm(true, false, dictionary, dictionary, 0, gram);
  const Matrix centred = arena.allocate(x.rows, x.columns);
  for (Index r = 0; r < x.rows; ++r) {
    for (Index c = 0; c < x.columns; ++c)
      centred(r, c) = x(r, c) - bias[static_cast<std::size_t>(c)];
  }
  const Matrix correlation = arena.allocate(x.rows, code);
  gemm(false, false, centred, dictionary, 0, correlation);

  const Matrix z = arena.allocate(x.rows, code);
  const Matrix ahead = arena.allocate(x.rows, code);
  const Matrix product = arena.allocate(x.rows, code);
  for (Index r = 0; r < x.rows; ++r) {
    std::ranges::copy(f.row(r), z.row(r).begin());
    std::ranges::copy(f.row(r), ahead.row(r).begin());
  }
  const double lipschitz = 2 * data_weight_ * curvature_bound(gram) + 2 * alpha_;
  const auto of_data = static_cast<float>(2 * data_weight_ / lipschitz);
  const auto of_prediction = static_cast<float>(2 * alpha_ / lipschitz);
  const auto threshold = static_cast<float>(l1_ / lipschitz);
  double t = 1;
  for (Index iteration = 0; iteration < iterations_; ++iteration) {
    gemm(false, false, ahead, gram, 0, product);
    const double t_next = (1 + std::sqrt(1 + 4 * t * t)) / 2;
    const auto momentum = static_cast<float>((t - 1) / t_next);
    t = t_next;
    for (Index r = 0; r < x.rows; ++r) {
      float* const at = z.row(r).data();
      float* const y = ahead.row(r).data();
      for (Index c = 0; c < code; ++c) {
        const float step =
            of_data * (product(r, c) - correlation(r, c)) + of_prediction * (y[c] - f(r, c));
        const float moved = soft_threshold(y[c] - step, threshold);
        y[c] = moved + momentum * (moved - at[c]);
        at[c] = moved;
      }
    }
  }
  return z;
}

double PredictiveSparse::penalty(ConstMatrix z, ConstMatrix f, float scale, Matrix gradient) const {
  const float factor = 2 * scale * static_cast<float>(alpha_);
  double absolute = 0;
  double squares = 0;
  for (Index r = 0; r < z.rows; ++r) {
    for (Index c = 0; c < z.columns; ++c) {
      const float difference = f(r, c) - z(r, c);
      absolute += std::fabs(static_cast<double>(z(r, c)));
      squares += static_cast<double>(difference) * static_cast<double>(difference);
      gradient(r, c) = factor * difference;
    }
  }
  return l1_ * absolute + alpha_ * squares;
}

void PredictiveSparse::normalize(float* parameters) const {
  const ConstMatrix dictionary = dictionary_.weight(parameters);
  float* const values = parameters + (dictionary.data - parameters);
  // So many columns at a time: their norms need no memory but the stack's.
  constexpr Index block_columns = 64;
  for (Index begin = 0; begin < dictionary.columns; begin += block_columns) {
    const Index count = std::min(block_columns, dictionary.columns - begin);
    std::array<double, block_columns> squares{};
    std::array<float, block_columns> factors{};
    for (Index r = 0; r < dictionary.rows; ++r) {
      for (Index c = 0; c < count; ++c) {
        const auto value = static_cast<double>(dictionary(r, begin + c));
        squares[static_cast<std::size_t>(c)] += value * value;
      }
    }
    for (std::size_t c = 0; c < squares.size(); ++c) {
      factors[c] = squares[c] > 0 ? static_cast<float>(1 / std::sqrt(squares[c])) : 1.0F;
    }
    for (Index r = 0; r < dictionary.rows; ++r) {
      for (Index c = 0; c < count; ++c)
        values[r * dictionary.stride + begin + c] *= factors[static_cast<std::size_t>(c)];
    }
  }
}

}  // namespace hourglass
