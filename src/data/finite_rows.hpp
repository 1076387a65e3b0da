#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "data/normalization.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// reader.read_rows, and Error(data) naming row and feature of the first NaN, infinity or double
/// beyond single precision, unless it counts as missing and `missing` allows that. Every row of
/// data that anything is computed from comes through here.
void read_finite_rows(const DatasetReader& reader, Range rows, std::span<std::byte> bytes,
                      const MissingValues& missing = {});

/// The same of ascending, disjoint ranges of rows, one after the other (reader.read_runs).
void read_finite_runs(const DatasetReader& reader, std::span<const Range> runs,
                      std::span<std::byte> bytes, const MissingValues& missing = {});

/// The same of rows without their zeros (reader.read_sparse): appended to `rows`.
void read_finite_sparse(const DatasetReader& reader, std::span<const Range> runs,
                        CompressedRows& rows, const MissingValues& missing = {});

/// The same of runs of steps (DatasetInfo::steps).
void read_finite_steps(const DatasetReader& reader, std::span<const Range> runs,
                       std::span<std::byte> bytes, const MissingValues& missing = {});

/// "feature 3, NAME" for messages: the number in the file, and the name, if it is known, of the
/// feature that it is read as.
[[nodiscard]] std::string feature_text(const DatasetInfo& info, Index stored, Index feature);

/// Rows that one read should fetch: about 8 MiB, at least one.
[[nodiscard]] Index rows_a_read(const DatasetInfo& info);
/// Elements of sparse rows that one read should fetch.
[[nodiscard]] Index entries_a_read(const DatasetInfo& info);
[[nodiscard]] Index steps_a_read(const DatasetInfo& info);

}  // namespace hourglass
