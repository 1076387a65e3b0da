#pragma once

#include <span>

#include "model/regularization.hpp"
#include "nn/dense.hpp"

namespace hourglass {

/// Predictive sparse decomposition (Kavukcuoglu, Ranzato & LeCun 2008): codes z that minimise, for
/// each sample,
///   E(z) = c |x - D z - b|^2 + l1 |z|_1 + alpha |z - F(x)|^2
/// with c = 1 or 1 / features (the loss's reduction), F the encoder and D and b the decoder's
/// weight and bias. Training takes z as given and fits D, b and F to it. z is the result of a fixed
/// number of steps of FISTA (Beck & Teboulle 2009) from z = F(x), with the step 1 / L, where
///   L = 2 c min(|G|_F, |G|_inf) + 2 alpha,  G = D^T D
/// bounds the curvature from above. The columns of D are kept at norm 1: otherwise a large D would
/// make a small z, and its penalty, arbitrarily cheap.
class PredictiveSparse {
 public:
  /// `dictionary` is the decoder's layer, which outlives this; `data_weight` is c.
  PredictiveSparse(const Regularization& settings, const Dense& dictionary, double data_weight);

  /// Floats of scratch memory that infer() needs for `rows` samples.
  [[nodiscard]] Index scratch_floats(Index rows) const;
  /// z of a micro-batch (rows x code), living in `scratch`, from samples x (rows x features) and
  /// predictions f = F(x) (rows x code).
  [[nodiscard]] ConstMatrix infer(const float* parameters, ConstMatrix x, ConstMatrix f,
                                  std::span<float> scratch) const;
  /// l1 |z|_1 + alpha |z - f|^2, summed over the rows; `gradient` (rows x code) receives
  /// scale * dE/df = 2 scale alpha (f - z).
  double penalty(ConstMatrix z, ConstMatrix f, float scale, Matrix gradient) const;
  /// Scales the columns of D to norm 1, except those that are 0.
  void normalize(float* parameters) const;

 private:
  const Dense& dictionary_;
  double data_weight_;
  double l1_;
  double alpha_;
  Index iterations_;
};

}  // namespace hourglass
