#pragma once

#include <cstdint>
#include <span>

#include "data/normalization.hpp"
#include "engine/worker_pool.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/comm/communicator.hpp"
#include "model/autoencoder.hpp"

namespace hourglass {

struct EvidenceOptions {
  Index draws = 100;       ///< K, codes drawn for each sample
  std::uint64_t seed = 1;  ///< of the draws, each a function of (seed, row, draw, unit)
  std::span<const std::int32_t> conditions = {};  ///< as evaluate() takes them
};

/// Lower bounds of ln p(x) of a variational autoencoder, in nats, averaged over samples, from K
/// codes h_k drawn from the posterior q(h | x) of each sample (Kingma & Welling 2014; Burda et al.
/// 2016):
///   elbo                = mean over k of ln p(x | h_k) - KL(q(h | x), N(0, I))
///   importance_weighted = ln (1/K sum_k p(x | h_k) p(h_k) / q(h_k | x))
/// with the divergence in closed form and beta = 1. ln p(x | h) is minus the loss summed over
/// features, without --feature-weights, and with its constants:
///   bce      Bernoulli: none
///   mse      normal with variance 1/2: D/2 ln(pi) is subtracted
///   poisson  sum of ln x! is subtracted
///   nb, zinb, and poisson of linear outputs: none, with the sample's observed library
/// Missing elements are left out.
struct EvidenceBounds {
  double reconstruction = 0;  ///< mean over k of ln p(x | h_k)
  double divergence = 0;
  double elbo = 0;
  double importance_weighted = 0;
};

/// Throws Error(usage) unless the model is variational and its loss one of the above.
void check_evidence(const Autoencoder& model);

/// Collective; the same bits on any number of ranks and threads (exact sums). Throws as
/// check_evidence(), and Error(data) as evaluate() does.
[[nodiscard]] EvidenceBounds evidence_bounds(const Communicator& communicator,
                                             const Autoencoder& model,
                                             std::span<const float> parameters,
                                             const DatasetReader& reader,
                                             const InputTransform& transform, Index micro_batch,
                                             WorkerPool& pool, const EvidenceOptions& options);

}  // namespace hourglass
