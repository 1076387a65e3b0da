#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "hdf5/hdf5.hpp"

namespace hourglass {

/// The data set `labels` in the group of `samples`, when it holds one integer per sample;
/// otherwise nothing.
[[nodiscard]] std::optional<DatasetAddress> labels_beside(const DatasetInfo& samples);

/// The address of labels that the user names, of the same rows as the samples; windows have one
/// each. Throws as companion_of_rows().
[[nodiscard]] DatasetAddress labels_at(const std::string& text, const DatasetInfo& samples);

/// The labels at `address`, one per sample. Throws as DatasetReader does, and Error(data) when they
/// are not a one-dimensional set of integers, not `samples` many, or beyond 64 bits with sign.
[[nodiscard]] std::vector<std::int64_t> read_labels(const DatasetAddress& address, Index samples);

}  // namespace hourglass
