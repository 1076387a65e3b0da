#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "hdf5/compound_columns.hpp"
#include "hdf5/decoding.hpp"
#include "hdf5/hdf5_handle.hpp"

namespace hourglass::hdf5 {

/// How the elements of a data set lie in the file, and how they become rows of values.
struct StoredForm {
  ElementType in_file = ElementType::f32;  ///< of decoding.stored but for the sign (_Unsigned)
  Decoding decoding;
  bool column_major = false;  ///< MATLAB: stored with the axes reversed
  CompoundColumns columns;    ///< of records; else its memory type is invalid
  Handle narrow;              ///< the type of decoding.narrow in memory, where HDF5 has one
  std::string units;

  [[nodiscard]] bool is_compound() const { return columns.memory.get() >= 0; }
  /// Whether rows have to be made from what is read, by make_rows.
  [[nodiscard]] bool changes() const { return column_major || decoding.decodes(); }
  /// What elements are read as; not owned.
  [[nodiscard]] hid_t memory_type() const;
  /// Bytes of one row in the type that elements are read as.
  [[nodiscard]] Index stored_row_bytes(const DatasetInfo& info) const {
    return info.features() * size_of(decoding.stored);
  }

  /// Makes what was read from the header that of the rows as they are delivered: type, shape,
  /// chunks, units and how values are decoded.
  void apply_to(DatasetInfo& info) const;

  /// `rows` rows of values, from the elements as they were read: in the order of the file's axes.
  void make_rows(const DatasetInfo& info, Index rows, std::span<const std::byte> stored,
                 std::span<std::byte> values) const;
};

}  // namespace hourglass::hdf5
