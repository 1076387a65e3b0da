#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/normalization.hpp"
#include "engine/worker_pool.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/comm/communicator.hpp"

namespace hourglass {

/// The rows that stand for a data set: all of them, in blocks of 16, or as many blocks as
/// `most_rows` allows, evenly spread and chosen at random within their parts. A function of its
/// arguments alone.
[[nodiscard]] std::vector<Range> sampled_blocks(Index rows, Index most_rows, std::uint64_t seed);

/// The geometric median of samples: the point m of least mean |x - m|, by the iteration of
/// Weiszfeld (1937),
///   m' = (sum of x_i / |x_i - m|) / (sum of 1 / |x_i - m|),
/// from `start`, until it moves by less than 10^-6 of `spread` (about the samples' distance from
/// start), at most 100 times. Of the samples, after `transform`, at most 2^14 rows are used
/// (sampled_blocks()), fewer where these exceed 256 MiB. Sums over blocks are exact: the same bits
/// on any number of ranks and threads. Throws as for_each_micro_batch(). Collective.
[[nodiscard]] std::vector<float> geometric_median(const Communicator& communicator,
                                                  const DatasetReader& reader,
                                                  const InputTransform& transform,
                                                  std::span<const float> start, double spread,
                                                  std::uint64_t seed, WorkerPool& pool);

}  // namespace hourglass
