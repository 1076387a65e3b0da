#pragma once

#include <cstddef>
#include <span>

#include "hdf5/hdf5.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// reader.read_rows, and Error(data) naming row and feature of the first NaN, infinity or double
/// beyond single precision. Every row of data that anything is computed from comes through here.
void read_finite_rows(const DatasetReader& reader, Range rows, std::span<std::byte> bytes);

/// The same for steps (DatasetInfo::steps).
void read_finite_steps(const DatasetReader& reader, Range steps, std::span<std::byte> bytes);

/// Rows that one read should fetch: about 8 MiB, at least one.
[[nodiscard]] Index rows_a_read(const DatasetInfo& info);
[[nodiscard]] Index steps_a_read(const DatasetInfo& info);

}  // namespace hourglass
