#pragma once

#include <memory>
#include <string>

#include "hourglass/data/sample_source.hpp"
#include "hourglass/dist/communicator.hpp"
#include "hourglass/train/config.hpp"

namespace hourglass {

/// Opens one data set on every rank, or throws the same Error on all of them.
[[nodiscard]] std::unique_ptr<DatasetReader> open_everywhere(const Communicator& communicator, const std::string& address);

/// What a data set is, in 32 hex digits: shape, element type and content (all of it up to 256 MiB, evenly spaced rows beyond),
/// so that a resumed run notices that its data were exchanged. A path is not part of it: data may move.
[[nodiscard]] std::string fingerprint(const DatasetReader& reader);

/// The conversion that `normalize` means for this data; standardize makes a pass over the data, shared among the ranks.
/// Collective.
[[nodiscard]] InputTransform resolve_transform(const Communicator& communicator, const DatasetReader& reader,
                                               Normalize normalize);

/// Bytes of training data that each rank may hold: the setting, or half of this node's memory over its ranks.
[[nodiscard]] Index memory_budget(const Communicator& communicator, Index setting);

/// The rank's part of the training data, in memory when it fits the budget and streamed otherwise. Collective.
[[nodiscard]] std::unique_ptr<SampleSource> open_training_data(const Communicator& communicator, const DatasetReader& reader,
                                                               const SampleSourceSettings& settings, Index budget);

/// Bytes of physical memory of this process now.
[[nodiscard]] Index resident_bytes();

}  // namespace hourglass
