#include "nn/count_terms.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "math/log_gamma.hpp"

namespace hourglass {

namespace {

double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }

double poisson_term(double x, double m) {
  if (x == 0) return m;
  return m - x * std::log(m) + elementwise::log_gamma(x + 1).value;
}

double nb_term(double x, double m, double r) {
  const double failures = r * std::log1p(m / r);
  if (x == 0) return failures;
  const double ways = elementwise::log_gamma(x + r).value - elementwise::log_gamma(r).value -
                      elementwise::log_gamma(x + 1).value;
  return failures + x * std::log1p(r / m) - ways;
}

// With pi = 1 / (1 + exp(-q)): -ln(pi + (1 - pi) exp(-L)) = ln(1 + e^q) - ln(e^q + e^-L).
double zinb_term(double x, double loss, double q) {
  if (x > 0) return loss + softplus(q);
  return softplus(q) - (std::max(q, -loss) + std::log1p(std::exp(-std::fabs(q + loss))));
}

}  // namespace

void count_terms(CountDistribution distribution, std::span<const float> counts,
                 const float* outputs, std::span<double> terms) {
  const std::size_t features = counts.size();
  for (std::size_t f = 0; f < features; ++f) {
    const auto x = static_cast<double>(counts[f]);
    const auto m = static_cast<double>(outputs[f]);
    if (m == 0 && x == 0) {
      terms[f] = 0;
      continue;
    }
    double term = 0;
    if (distribution == CountDistribution::poisson) {
      term = poisson_term(x, m);
    } else {
      const double r = std::clamp(softplus(static_cast<double>(outputs[features + f])),
                                  static_cast<double>(least_dispersion),
                                  static_cast<double>(greatest_dispersion));
      term = nb_term(x, m, r);
      if (distribution == CountDistribution::zinb)
        term = zinb_term(x, term, static_cast<double>(outputs[2 * features + f]));
    }
    // A probability of 1 may be rounded up. NaN stays.
    terms[f] = term < 0 ? 0 : term;
  }
}

}  // namespace hourglass
