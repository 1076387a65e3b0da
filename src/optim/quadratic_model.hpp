#pragma once

#include <array>

#include "math/exact_sum.hpp"

namespace hourglass {

/// What a step knows of the quadratic model of the loss about the parameters,
///   m(x) = loss + g^T x + scale / 2 x^T C x,
/// C being MatrixRule::curvature().
struct ModelState {
  double damping = 0;  ///< in C; 0: the one that is set
  double scale = 0;    ///< 0: not known yet
  double loss = 0;     ///< of the step's samples
};

/// Sums over the blocks of all weights, for the step -(alpha * direction + mu * last), `last` being
/// the direction of the step before. Exact, so that neither blocks nor ranks have an order.
struct ModelSums {
  enum Name : std::size_t {
    gradient_direction,   ///< g^T direction
    gradient_last,        ///< g^T last
    direction_direction,  ///< direction^T C direction
    direction_last,
    last_last,
    decay_direction_direction,  ///< direction^T decay direction: curvature of an L2 penalty
    decay_direction_last,
    decay_last_last,
  };
  std::array<ExactSum, decay_last_last + 1> terms;

  void clear();
  void add(const ModelSums& other);
};

struct ModelWeights {
  double alpha = 0;
  double mu = 0;
};

/// The alpha and mu that minimise the model (Martens & Grosse 2015, section 7). The last direction
/// is left out (mu = 0) where it adds nothing, as in the first step. While the scale is unknown,
/// the step is so long that a model which is minimised there predicts a tenth off the loss.
[[nodiscard]] ModelWeights minimize(const ModelSums& sums, const ModelState& model);

}  // namespace hourglass
