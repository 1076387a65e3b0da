#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/per_layer.hpp"
#include "nn/corruption.hpp"
#include "nn/noise.hpp"

namespace hourglass {

/// The computation of the squared Frobenius norm of the Jacobian dh/dx (model/contractive.hpp).
enum class ContractiveMethod {
  automatic,    ///< closed form for one layer, exact for a code of at most 8 units, else Hutchinson
  closed_form,  ///< one layer: sum_j s'(z_j)^2 |W_j|^2
  exact,        ///< one reverse pass per code unit
  hutchinson,   ///< an unbiased estimate from random signs
};

[[nodiscard]] std::string_view name_of(ContractiveMethod method);
/// Throws Error(usage) that lists the names.
[[nodiscard]] ContractiveMethod contractive_method_from(std::string_view name);
[[nodiscard]] std::vector<std::string> contractive_method_names();

/// The regularisation of an autoencoder, which keeps r(f(x)) from being the identity: plain data,
/// all of it off by default. Penalties are summed over a sample's units and averaged over samples,
/// independent of the loss's reduction over features.
struct Regularization {
  CorruptionSpec corruption;
  double corrupted_weight = 1;       ///< alpha: factor of the loss of corrupted components
  double clean_weight = 1;           ///< beta: of the others
  PerLayer<NoiseSpec> hidden_noise;  ///< on hidden layers' activations
  NoiseSpec code_noise;              ///< on the code
  bool code_noise_before = false;    ///< before the code's non-linearity (semantic hashing)

  double l1 = 0;               ///< l1 sum_j |h_j| on the code
  PerLayer<double> hidden_l1;  ///< the same on hidden layers
  /// kl_weight sum_j KL(kl_target || mean of h_j over the global batch) (Ng 2011)
  double kl_weight = 0;
  double kl_target = 0.05;
  Index k_sparse = 0;         ///< k largest units of the code kept; 0: all (Makhzani & Frey 2013)
  double k_sparse_alpha = 1;  ///< outside of training alpha k units are kept

  double contractive = 0;  ///< contractive |dh/dx|_F^2 (Rifai et al. 2011)
  ContractiveMethod contractive_method = ContractiveMethod::automatic;
  Index contractive_probes = 1;  ///< random sign vectors of Hutchinson's estimate
  /// hessian_weight E |J(x + e) - J(x)|_F^2, e ~ N(0, hessian_sigma^2) (CAE+H, Rifai et al. 2011b)
  double hessian_weight = 0;
  double hessian_sigma = 0.1;
  Index hessian_samples = 1;

  /// Gaussian posterior and loss + beta KL(q(h | x) || N(0, I)) (Kingma & Welling 2014)
  bool variational = false;
  double beta = 1;       ///< (Higgins et al. 2017)
  double free_bits = 0;  ///< nats per unit and sample without a penalty (Kingma et al. 2016)

  bool predictive = false;       ///< predictive sparse decomposition (model/predictive.hpp)
  double predictive_weight = 1;  ///< its alpha
  Index predictive_iterations = 20;
};

}  // namespace hourglass
