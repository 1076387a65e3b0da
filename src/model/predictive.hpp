#pragma once

#include <span>

#include "model/regularization.hpp"
#include "nn/dense.hpp"

namespace hourglass {

/// Predictive sparse decomposition (Kavukcuoglu, Ranzato & LeCun 2008): codes z that minimise,
/// sample by sample,
///   E(z) = c |x - D z - b|^2 + l1 |z|_1 + alpha |z - F(x)|^2,
/// c being 1 or 1 / features (the loss's reduction), F the encoder and D and b the decoder's weight
/// and bias. Training takes z as given and fits D, b and F to it. z comes from a fixed number of
/// steps of FISTA (Beck & Teboulle 2009) from z = F(x), with the step 1 / L of
///   L = 2 c min(|G|_F, |G|_inf) + 2 alpha,  G = D^T D,
/// an upper bound of the curvature. The columns of D are kept at norm 1: otherwise a large D and a
/// small z would cost nothing.
class PredictiveSparse {
 public:
  PredictiveSparse(const Regularization& settings, const Dense& dictionary, double data_weight);

  /// Floats of scratch memory that infer() needs for `rows` samples.
  [[nodiscard]] Index scratch_floats(Index rows) const;
  /// z of a micro-batch (rows x code), living in `scratch`, from samples x (rows x features) and
  /// predictions f = F(x) (rows x code).
  [[nodiscard]] ConstMatrix infer(const float* parameters, ConstMatrix x, ConstMatrix f,
                                  std::span<float> scratch) const;
  /// l1 |z|_1 + alpha |z - f|^2, summed over the rows; `gradient` receives scale * dE/df = 2 scale
  /// alpha (f - z).
  double penalty(ConstMatrix z, ConstMatrix f, float scale, Matrix gradient) const;
  /// Scales the columns of D to norm 1; one that is 0 stays.
  void normalize(float* parameters) const;

 private:
  const Dense& dictionary_;
  double data_weight_;
  double l1_;
  double alpha_;
  Index iterations_;
};

}  // namespace hourglass
