#pragma once

#include <cstdint>
#include <span>

#include "data/normalization.hpp"
#include "engine/worker_pool.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/comm/communicator.hpp"
#include "model/autoencoder.hpp"
#include "nn/corruption.hpp"
#include "nn/image_shape.hpp"

namespace hourglass {

/// The noise that a model has to remove.
struct NoisyInput {
  CorruptionSpec corruption;
  ImageShape image;  ///< block, stripes: the shape of a sample
  std::uint64_t seed = 1;
  std::span<const std::int32_t> conditions = {};  ///< as evaluate() takes them
};

/// Squared error between r(f(x~)) and the clean x, x~ being x with noise; summed over features,
/// averaged over samples. The noise is a function of (seed, sample, feature). Collective; the same
/// bits on any number of ranks and threads. Throws Error(data) as evaluate() does.
[[nodiscard]] double denoising_sse(const Communicator& communicator, const Autoencoder& model,
                                   std::span<const float> parameters, const DatasetReader& reader,
                                   const InputTransform& transform, Index micro_batch,
                                   WorkerPool& pool, const NoisyInput& noise);

}  // namespace hourglass
