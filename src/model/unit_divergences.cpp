#include "model/unit_divergences.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "hourglass/core/error.hpp"
#include "model/penalty.hpp"

namespace hourglass {

namespace {

constexpr double words_per_nat = 0x1p20;
constexpr double most_nats = 4096;

}  // namespace

void UnitDivergences::clear() { std::ranges::fill(words_, 0); }

void UnitDivergences::add(ConstMatrix posterior, const RowWeights& weights) {
  const auto units = static_cast<Index>(words_.size());
  // A latent library stands behind the units of the code.
  const Index all = posterior.columns / 2;
  require(all >= units, "a posterior of another code");
  for (Index r = 0; r < posterior.rows; ++r) {
    const double weight = weights.empty() ? 1.0 : static_cast<double>(weights[r]);
    for (Index j = 0; j < units; ++j) {
      const double nats = weight * unit_divergence(posterior(r, j), posterior(r, all + j));
      // A NaN counts as the most.
      words_[static_cast<std::size_t>(j)] +=
          std::llround(words_per_nat * (nats < most_nats ? nats : most_nats));
    }
  }
}

void UnitDivergences::add(const UnitDivergences& other) {
  if (empty()) words_.resize(other.words_.size());
  require(words_.size() == other.words_.size(), "sums of another code");
  for (std::size_t j = 0; j < words_.size(); ++j) words_[j] += other.words_[j];
}

std::vector<double> UnitDivergences::means(double samples) const {
  std::vector<double> result;
  result.reserve(words_.size());
  for (const std::int64_t word : words_)
    result.push_back(static_cast<double>(word) / words_per_nat / samples);
  return result;
}

Index count_used_units(std::span<const double> means) {
  return std::ranges::count_if(means, [](double nats) { return nats > used_unit_nats; });
}

double total_divergence(std::span<const double> means) {
  return std::accumulate(means.begin(), means.end(), 0.0);
}

}  // namespace hourglass
