#include "nn/count_loss.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "hourglass/core/error.hpp"
#include "math/elementwise.hpp"
#include "math/log_gamma.hpp"
#include "nn/loss_rows.hpp"

namespace hourglass {

namespace {

using loss_row::block_features;
using loss_row::LaneSum;

constexpr Index most_logits = 3;

// What is known of a block's features: losses, and their derivatives by mean logit, r and dropout
// logit. In the first-level cache.
struct Block {
  alignas(64) float mean[block_features];  // before the size factor
  alignas(64) float dispersion[block_features];
  alignas(64) float dispersion_slope[block_features];  // dr/dt
  alignas(64) float loss[block_features];
  alignas(64) float slope[most_logits][block_features];
};

// The features of a block that have counts, in double.
struct Counted {
  alignas(64) double count[block_features];
  alignas(64) double mean[block_features];
  alignas(64) double dispersion[block_features];
  alignas(64) double loss[block_features];
  alignas(64) double mean_slope[block_features];
  alignas(64) double dispersion_slope[block_features];
  Index place[block_features];
  Index size = 0;
};

// Comparisons let a NaN pass.
[[gnu::always_inline]] inline float bounded(float value, float least, float greatest) {
  value = value < least ? least : value;
  return value > greatest ? greatest : value;
}

[[gnu::always_inline]] inline float mean_of(float logit) {
  return bounded(elementwise::exp(logit), least_mean, greatest_mean);
}

// ln(1 + u) - u / (1 + u) for u >= 0: its series where the difference would lose its digits.
[[gnu::always_inline]] inline float log1p_excess(float u, float logarithm) {
  float p = 7.0F / 8.0F;
  p = std::fma(p, -u, 6.0F / 7.0F);
  p = std::fma(p, -u, 5.0F / 6.0F);
  p = std::fma(p, -u, 4.0F / 5.0F);
  p = std::fma(p, -u, 3.0F / 4.0F);
  p = std::fma(p, -u, 2.0F / 3.0F);
  p = std::fma(p, -u, 1.0F / 2.0F);
  return u < 0.05F ? p * u * u : logarithm - u / (1.0F + u);
}

struct ZeroTerms {
  float loss;
  float mean_slope;
  float dispersion_slope;
};

// nb of x = 0.
[[gnu::always_inline]] inline ZeroTerms zero_terms(float mean, float dispersion) {
  const float u = mean / dispersion;
  const float logarithm = elementwise::log1p(u);
  return {dispersion * logarithm, mean / (1.0F + u), log1p_excess(u, logarithm)};
}

// x = 0 for all features of the block.
template <CountDistribution distribution>
void add_zeros(float size, const float* __restrict values, Index features, Index count, Block& b) {
  for (Index c = 0; c < count; ++c) {
    b.mean[c] = mean_of(values[c]);
    const float mean = b.mean[c] * size;
    if constexpr (distribution == CountDistribution::poisson) {
      b.loss[c] = mean;
      b.slope[0][c] = mean;
    } else {
      const float t = values[features + c];
      b.dispersion[c] = bounded(elementwise::softplus(t), least_dispersion, greatest_dispersion);
      b.dispersion_slope[c] = elementwise::sigmoid(t);
      const ZeroTerms zero = zero_terms(mean, b.dispersion[c]);
      b.loss[c] = zero.loss;
      b.slope[0][c] = zero.mean_slope;
      b.slope[1][c] = zero.dispersion_slope;
    }
  }
  if constexpr (distribution == CountDistribution::zinb) {
    // With L of nb, v = pi + (1 - pi) exp(-L) and w = 1 - v = (1 - pi) (1 - exp(-L)):
    //   -ln v = ln(1 + w / v)                                           where w <= v
    //         = ln(1 + e^q) + min(L, -q) - ln(1 + exp(-|q + L|))        else (then q < 0)
    // The chance that the zero is a dropout is sigmoid(q + L); dL/dq = -w sigmoid(q + L).
    for (Index c = 0; c < count; ++c) {
      const float q = values[2 * features + c];
      const float loss = b.loss[c];
      const float kept = elementwise::sigmoid(-q);
      const float counted = -elementwise::expm1_nonpositive(-loss);
      const float w = kept * counted;
      const float v = elementwise::sigmoid(q) + kept * (1.0F - counted);
      const float sum = q + loss;
      const float e = elementwise::exp(-std::fabs(sum));
      const float near = elementwise::log1p_unit(w > v ? 1.0F : w / v);
      const float far =
          elementwise::softplus(q) + (sum > 0 ? -q : loss) - elementwise::log1p_unit(e);
      const float dropout = (sum < 0 ? e : 1.0F) / (1.0F + e);
      const float rest = (sum < 0 ? 1.0F : e) / (1.0F + e);
      b.loss[c] = w > v ? far : near;
      b.slope[0][c] *= rest;
      b.slope[1][c] *= rest;
      b.slope[2][c] = -w * dropout;
    }
  }
}

// The vector loop over features with counts.
template <CountDistribution distribution>
void evaluate(Counted& s) {
  for (Index i = 0; i < s.size; ++i) {
    const double x = s.count[i];
    const double m = s.mean[i];
    const elementwise::LogGamma factorial = elementwise::log_gamma(x + 1.0);
    if constexpr (distribution == CountDistribution::poisson) {
      s.loss[i] = (m - x * elementwise::log(m)) + factorial.value;
      s.mean_slope[i] = m - x;
    } else {
      const double r = s.dispersion[i];
      const elementwise::LogGamma upper = elementwise::log_gamma(x + r);
      const elementwise::LogGamma lower = elementwise::log_gamma(r);
      const double sum = r + m;
      const double failures = elementwise::log(sum / r);
      const double successes = elementwise::log(sum / m);
      s.loss[i] = r * failures + x * successes - (upper.value - lower.value - factorial.value);
      s.mean_slope[i] = r * (m - x) / sum;
      s.dispersion_slope[i] = failures + (x - m) / sum - (upper.slope - lower.slope);
    }
  }
}

// Replaces the terms of features with counts.
template <CountDistribution distribution>
void add_counts(float size, const float* target, const float* values, Index features, Index count,
                Block& b, Counted& s) {
  s.size = 0;
  for (Index c = 0; c < count; ++c) {
    s.place[s.size] = c;
    s.size += target[c] == 0 ? 0 : 1;
  }
  if (s.size == 0) return;
  for (Index i = 0; i < s.size; ++i) {
    const Index c = s.place[i];
    s.count[i] = static_cast<double>(target[c]);
    s.mean[i] = static_cast<double>(b.mean[c] * size);
    if constexpr (distribution != CountDistribution::poisson)
      s.dispersion[i] = static_cast<double>(b.dispersion[c]);
  }
  evaluate<distribution>(s);
  for (Index i = 0; i < s.size; ++i) {
    const Index c = s.place[i];
    b.loss[c] = static_cast<float>(s.loss[i]);
    b.slope[0][c] = static_cast<float>(s.mean_slope[i]);
    if constexpr (distribution != CountDistribution::poisson)
      b.slope[1][c] = static_cast<float>(s.dispersion_slope[i]);
    if constexpr (distribution == CountDistribution::zinb) {
      const float q = values[2 * features + c];
      b.loss[c] = static_cast<float>(s.loss[i] + static_cast<double>(elementwise::softplus(q)));
      b.slope[2][c] = elementwise::sigmoid(q);
    }
  }
}

[[gnu::always_inline]] inline float inward(float slope, float value, float least, float greatest) {
  const bool outward = (value <= least && slope > 0) || (value >= greatest && slope < 0);
  return outward ? 0.0F : slope;
}

// From derivatives by z, r and q to the gradient.
template <CountDistribution distribution>
void write_gradient(float factor, const float* __restrict weights, const Block& b, Index features,
                    Index count, float* __restrict gradient) {
  for (Index c = 0; c < count; ++c) {
    const float scale = weights == nullptr ? factor : factor * weights[c];
    gradient[c] = scale * inward(b.slope[0][c], b.mean[c], least_mean, greatest_mean);
    if constexpr (distribution != CountDistribution::poisson) {
      const float slope =
          inward(b.slope[1][c], b.dispersion[c], least_dispersion, greatest_dispersion);
      gradient[features + c] = scale * slope * b.dispersion_slope[c];
    }
    if constexpr (distribution == CountDistribution::zinb)
      gradient[2 * features + c] = scale * b.slope[2][c];
  }
}

template <CountDistribution distribution>
CountTerms row_loss(float factor, float size, const float* target, const float* weights,
                    float* values, float* gradient, Index features, float* size_gradient) {
  LaneSum losses;
  LaneSum squares;
  LaneSum slopes;  // dL/d ln s: also of means at a bound, which s moves
  Block block;
  Counted counted;
  for (Index begin = 0; begin < features; begin += block_features) {
    const Index count = std::min(block_features, features - begin);
    const float* const x = target + begin;
    const float* const w = weights == nullptr ? nullptr : weights + begin;
    float* const z = values + begin;
    add_zeros<distribution>(size, z, features, count, block);
    add_counts<distribution>(size, x, z, features, count, block, counted);
    if (gradient != nullptr)
      write_gradient<distribution>(factor, w, block, features, count, gradient + begin);
    for (Index c = 0; c < count; ++c) z[c] = block.mean[c] * size;
    losses.add(count, [&](Index c) {
      return static_cast<double>(w == nullptr ? block.loss[c] : w[c] * block.loss[c]);
    });
    loss_row::add_squared_error(z, x, count, squares);
    if (size_gradient == nullptr) continue;
    slopes.add(count, [&](Index c) {
      return static_cast<double>(w == nullptr ? block.slope[0][c] : w[c] * block.slope[0][c]);
    });
  }
  if (size_gradient != nullptr)
    *size_gradient = static_cast<float>(static_cast<double>(factor) * slopes.total());
  return {losses.total(), squares.total()};
}

constexpr std::array<std::pair<Dispersion, std::string_view>, 2> names = {{
    {Dispersion::gene, "gene"},
    {Dispersion::gene_cell, "gene-cell"},
}};

}  // namespace

std::string_view name_of(Dispersion dispersion) {
  return dispersion == Dispersion::gene ? names[0].second : names[1].second;
}

Dispersion dispersion_from(std::string_view name) {
  for (const auto& [value, value_name] : names) {
    if (value_name == name) return value;
  }
  throw Error(ErrorKind::usage, fmt::format("unknown dispersion '{}'; use one of: {}", name,
                                            fmt::join(dispersion_names(), ", ")));
}

std::vector<std::string> dispersion_names() {
  std::vector<std::string> result;
  for (const auto& [value, name] : names) result.emplace_back(name);
  return result;
}

Index logits_per_feature(CountDistribution distribution) {
  return distribution == CountDistribution::poisson ? 1
         : distribution == CountDistribution::nb    ? 2
                                                    : 3;
}

CountTerms count_loss(CountDistribution distribution, float factor, float size, const float* target,
                      const float* weights, float* values, float* gradient, Index features,
                      float* size_gradient) {
  switch (distribution) {
    case CountDistribution::poisson:
      return row_loss<CountDistribution::poisson>(factor, size, target, weights, values, gradient,
                                                  features, size_gradient);
    case CountDistribution::nb:
      return row_loss<CountDistribution::nb>(factor, size, target, weights, values, gradient,
                                             features, size_gradient);
    case CountDistribution::zinb:
      return row_loss<CountDistribution::zinb>(factor, size, target, weights, values, gradient,
                                               features, size_gradient);
  }
  throw Error(ErrorKind::bug, "internal error: a distribution of counts without a formula");
}

void count_means(float size, float* values, Index features) {
  for (Index c = 0; c < features; ++c) values[c] = mean_of(values[c]) * size;
}

}  // namespace hourglass
