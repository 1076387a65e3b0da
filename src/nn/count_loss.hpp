#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// The distribution of a count x with mean m; a loss is -ln of its probability.
enum class CountDistribution {
  /// m - x ln m + ln x!
  poisson,
  /// Negative binomial with inverse dispersion r, variance m + m^2 / r:
  ///   r ln(1 + m / r) + x ln(1 + r / m) - ln Gamma(x + r) + ln Gamma(r) + ln x!
  nb,
  /// Zero-inflated: with probability pi the count is 0, else it is negative binomial (Eraslan et
  /// al. 2019). With L the loss of nb: -ln(pi + (1 - pi) exp(-L)) for x = 0, L - ln(1 - pi) else.
  zinb,
};

/// Whose inverse dispersions r are parameters of the model.
enum class Dispersion {
  gene,       ///< one of each feature
  gene_cell,  ///< of each feature and sample: a further output of the network
};
/// Names as in the configuration: "gene", "gene-cell".
[[nodiscard]] std::string_view name_of(Dispersion dispersion);
/// Throws Error(usage) that lists the names.
[[nodiscard]] Dispersion dispersion_from(std::string_view name);
[[nodiscard]] std::vector<std::string> dispersion_names();

/// Logits per feature: means, and for nb dispersions, and for zinb dropouts. A sample's logits are
/// [means | dispersions | dropouts], each of all features.
[[nodiscard]] Index logits_per_feature(CountDistribution distribution);

/// The bounds of exp(mean logit) and of r. At a bound the gradient is 0 where a step along it would
/// lead further out; where it leads back in it is kept, so that no output is stuck.
constexpr float least_mean = 1e-5F;
constexpr float greatest_mean = 1e6F;
constexpr float least_dispersion = 1e-4F;
constexpr float greatest_dispersion = 1e4F;

struct CountTerms {
  double loss;           ///< sum over the features
  double squared_error;  ///< sum of (m - x)^2
};

/// Loss of one sample. `target` has `features` counts x, whole numbers of at least 0 and up to
/// about 1e6. On entry `values` holds the logits (z, t, q): m = exp(z) s with the sample's size
/// factor s = `size`, r = ln(1 + exp(t)), pi = 1 / (1 + exp(-q)), the first two within their
/// bounds. On return its first `features` numbers are the means m. `gradient`, if not null,
/// receives factor dL/d(z, t, q) and `size_gradient`, if not null, factor dL/d ln s;
/// `weights`, if not null, has a factor of every feature's term. s = 0 (a sample without counts)
/// gives m = 0, loss 0 and gradient 0. What stands in x > 0 is computed
/// in double, so that differences of large logarithms keep their digits; the rest in single
/// precision, in forms without cancellation.
CountTerms count_loss(CountDistribution distribution, float factor, float size, const float* target,
                      const float* weights, float* values, float* gradient, Index features,
                      float* size_gradient = nullptr);

/// The means alone.
void count_means(float size, float* values, Index features);

}  // namespace hourglass
