#pragma once

#include <memory>
#include <span>
#include <vector>

#include "data/sample_source.hpp"
#include "engine/worker_pool.hpp"
#include "hourglass/comm/communicator.hpp"
#include "model/autoencoder.hpp"

namespace hourglass {

/// What codes are made with.
struct FrozenEncoder {
  const Autoencoder* network = nullptr;
  const float* parameters = nullptr;
};

/// The data set's `rows` (ascending) as a source whose samples are numbered by their place in
/// `rows`. `settings.plan` is of rows.size() samples. Every rank reads and holds its own.
/// Collective.
[[nodiscard]] std::unique_ptr<SampleSource> hold_rows(const Communicator& communicator,
                                                      const DatasetReader& reader,
                                                      std::span<const Index> rows,
                                                      const SampleSourceSettings& settings);

/// The same of their codes, which are computed once, in pieces of a shard, and, when asked,
/// standardised: then `codes` is set to how. `settings.transform` is the encoder's. Collective.
[[nodiscard]] std::unique_ptr<SampleSource> hold_codes(
    const Communicator& communicator, const DatasetReader& reader, std::span<const Index> rows,
    const SampleSourceSettings& settings, const FrozenEncoder& encoder, WorkerPool& pool,
    bool standardize, InputTransform& codes);

}  // namespace hourglass
