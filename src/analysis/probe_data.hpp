#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "data/sample_source.hpp"
#include "engine/worker_pool.hpp"
#include "hourglass/comm/communicator.hpp"
#include "model/autoencoder.hpp"

namespace hourglass {

/// The encoder that makes codes, and its parameters.
struct FrozenEncoder {
  const Autoencoder* network = nullptr;
  const float* parameters = nullptr;
  /// Categories of every row of the data set (Model::row_conditions); empty: none.
  std::span<const std::int32_t> conditions = {};
};

/// The data set's `rows` (ascending) as a source whose samples are numbered by their place in
/// `rows`. `settings.plan` is of rows.size() samples. Every rank reads and holds its own.
/// Collective.
[[nodiscard]] std::unique_ptr<SampleSource> hold_rows(const Communicator& communicator,
                                                      const DatasetReader& reader,
                                                      std::span<const Index> rows,
                                                      const SampleSourceSettings& settings);

/// The same for their codes, which are computed once, shard by shard. With `standardize` they are
/// standardised, and `codes` is set to that transform. `settings.transform` is the encoder's.
/// Collective.
[[nodiscard]] std::unique_ptr<SampleSource> hold_codes(
    const Communicator& communicator, const DatasetReader& reader, std::span<const Index> rows,
    const SampleSourceSettings& settings, const FrozenEncoder& encoder, WorkerPool& pool,
    bool standardize, InputTransform& codes);

}  // namespace hourglass
