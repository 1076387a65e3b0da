#pragma once

#include <memory>
#include <string>

#include "config/config.hpp"
#include "data/sample_source.hpp"
#include "data/value_range.hpp"
#include "hourglass/comm/communicator.hpp"
#include "nn/loss.hpp"

namespace hourglass {

/// Opens a data set on every rank. Throws the same Error on every rank. Collective.
[[nodiscard]] std::unique_ptr<DatasetReader> open_everywhere(const Communicator& communicator,
                                                             const std::string& address,
                                                             const ReadOptions& options = {});

/// A digest of a data set, 32 hex digits: shape, element type and content (all of it up to 256 MiB,
/// evenly spaced rows beyond), so that a resumed run detects exchanged data. The path is not part
/// of it: data may move. Adds the values that it reads to `range`, if any. `rows`: of a data set of
/// the first so many rows; -1: of all.
[[nodiscard]] std::string fingerprint(const DatasetReader& reader, ValueRange* range = nullptr,
                                      const std::vector<double>& missing = {}, Index rows = -1);

/// Throws Error(data) naming the first row with a value that the loss cannot be computed from (bce:
/// outside of [0, 1]; poisson: negative). Passes over the data, shared among the ranks, only when
/// their type allows such values. The first `inputs` features are not compared. Collective.
void check_domain(const Communicator& communicator, const DatasetReader& reader,
                  const InputTransform& transform, Loss loss, Index inputs = 0);

/// Bytes of training data that each rank may hold: the setting, or half of this node's memory
/// divided by its ranks.
[[nodiscard]] Index memory_budget(const Communicator& communicator, Index setting);

/// Whether the rows of some shards take at most that many bytes in memory; of sparse rows, without
/// their zeros.
[[nodiscard]] bool fits_memory(const DatasetInfo& info, const SampleSourceSettings& settings,
                               Index budget);

/// The rank's part of the training data, in memory when it fits the budget and streamed otherwise.
/// Collective.
[[nodiscard]] std::unique_ptr<SampleSource> open_training_data(const Communicator& communicator,
                                                               const DatasetReader& reader,
                                                               const SampleSourceSettings& settings,
                                                               Index budget);

/// Bytes of physical memory that this process uses now.
[[nodiscard]] Index resident_bytes();

}  // namespace hourglass
