#pragma once

#include <string>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// Settings of the optimizers with preconditioners of matrices: shampoo, soap, kfac.
struct PreconditionSettings {
  Index block = 1024;              ///< largest side of a block that has factors of its own
  Index every = 20;                ///< steps between two computations of a root or basis, at most
  Index statistics_every = 2;      ///< steps between two updates of the statistics, at most
  double statistics_decay = 0.95;  ///< of the statistics, per step; soap: and of the second moment
  double damping = 1e-6;           ///< shampoo: added to the eigenvalues, relative to the largest
  double exponent = 0.25;          ///< shampoo: each factor is raised to -exponent
  std::string graft = "spectral";  ///< shampoo, kfac: size of a step: spectral, adam, sgd
  double kfac_damping = 0.5;  ///< kfac: added to a factor's eigenvalues, relative to their mean
  std::string kfac_damping_rule = "constant";  ///< kfac: constant, adaptive (from kfac_damping)
  std::string kfac_momentum = "constant";      ///< kfac: constant, quadratic
};

}  // namespace hourglass
