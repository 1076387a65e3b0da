#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hourglass/core/matrix_view.hpp"
#include "nn/row_weights.hpp"

namespace hourglass {

/// A unit of a variational code is used when its KL divergence from the prior, averaged over
/// samples, exceeds this many nats.
inline constexpr double used_unit_nats = 0.01;

/// Sums over samples of the KL divergence of each unit of a variational code from the prior, in
/// nats:
///   KL_j = (mu_j^2 + sigma_j^2 - 1 - ln sigma_j^2) / 2
/// in fixed point of 2^-20 nats: integers, so that the sums do not depend on how samples are
/// grouped over micro-batches, workers and ranks, in one word per unit. Of a sample a unit counts
/// at most 4096 nats, which 2^31 samples can reach without overflow.
class UnitDivergences {
 public:
  UnitDivergences() = default;
  /// Of `units` code units; 0 for models without a posterior.
  explicit UnitDivergences(Index units) : words_(static_cast<std::size_t>(units)) {}

  [[nodiscard]] bool empty() const { return words_.empty(); }
  void clear();
  /// Adds the rows of `posterior` = (mu, ln sigma^2), each times its weight: the first units of
  /// both; a latent library behind those of the code (nn/latent_library.hpp) is left out.
  void add(ConstMatrix posterior, const RowWeights& weights);
  void add(const UnitDivergences& other);
  /// The words, to be summed over ranks element-wise.
  [[nodiscard]] std::span<std::int64_t> words() { return words_; }
  [[nodiscard]] std::span<const std::int64_t> words() const { return words_; }
  /// The sums, in nats, divided by `samples`.
  [[nodiscard]] std::vector<double> means(double samples) const;

 private:
  std::vector<std::int64_t> words_;
};

/// The number of used units among mean divergences.
[[nodiscard]] Index count_used_units(std::span<const double> means);
/// The divergence of the whole code: the sum of its units' means.
[[nodiscard]] double total_divergence(std::span<const double> means);

}  // namespace hourglass
