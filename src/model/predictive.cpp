#include "model/predictive.hpp"

#include <algorithm>
#include <cmath>

#include "core/scratch_arena.hpp"
#include "math/blas.hpp"

namespace hourglass {

namespace {

// An upper bound of the largest eigenvalue of a symmetric matrix without negative ones: the smaller
// of the Frobenius norm and the largest row sum.
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

// max(|z| - threshold, 0) with z's sign; a NaN propagates.
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
  const Matrix extrapolated = arena.allocate(x.rows, code);
  const Matrix product = arena.allocate(x.rows, code);
  for (Index r = 0; r < x.rows; ++r) {
    std::ranges::copy(f.row(r), z.row(r).begin());
    std::ranges::copy(f.row(r), extrapolated.row(r).begin());
  }
  const double lipschitz = 2 * data_weight_ * curvature_bound(gram) + 2 * alpha_;
  const auto data_rate = static_cast<float>(2 * data_weight_ / lipschitz);
  const auto prediction_rate = static_cast<float>(2 * alpha_ / lipschitz);
  const auto threshold = static_cast<float>(l1_ / lipschitz);
  double t = 1;
  for (Index iteration = 0; iteration < iterations_; ++iteration) {
    gemm(false, false, extrapolated, gram, 0, product);
    const double t_next = (1 + std::sqrt(1 + 4 * t * t)) / 2;
    const auto momentum = static_cast<float>((t - 1) / t_next);
    t = t_next;
    for (Index r = 0; r < x.rows; ++r) {
      float* const at = z.row(r).data();
      float* const y = extrapolated.row(r).data();
      for (Index c = 0; c < code; ++c) {
        const float step =
            data_rate * (product(r, c) - correlation(r, c)) + prediction_rate * (y[c] - f(r, c));
        const float next = soft_threshold(y[c] - step, threshold);
        y[c] = next + momentum * (next - at[c]);
        at[c] = next;
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
  dictionary_.normalize_columns(parameters);
}

}  // namespace hourglass
