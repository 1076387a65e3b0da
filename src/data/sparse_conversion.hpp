#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/sparse_rows.hpp"
#include "data/normalization.hpp"
#include "hdf5/hdf5.hpp"

namespace hourglass {

/// Whether rows can be held without their zeros: they are stored so, and a stored zero is not a
/// missing value.
[[nodiscard]] bool holds_sparse(const DatasetInfo& info, const InputTransform& transform);

/// Converts rows that are held without their zeros, with the arithmetic of convert_row: the same
/// bits. Its memory for a row is used again: for one thread.
class SparseConversion {
 public:
  /// `transform` outlives it.
  SparseConversion(ElementType type, Index features, const InputTransform& transform);

  /// Whether a zero stays one.
  [[nodiscard]] bool keeps_zeros() const { return zeros_.empty(); }
  /// All elements of a row: `values` are those of `columns`, the others are zeros.
  void convert(std::span<const std::int32_t> columns, const std::byte* values,
               std::span<float> row);
  /// Appends the elements that are not zero as a row.
  void append(std::span<const std::int32_t> columns, const std::byte* values, SparseBatch& rows);

 private:
  std::span<const float> convert_values(std::span<const std::int32_t> columns,
                                        const std::byte* values);

  ElementType type_;
  Index features_;
  const InputTransform* transform_;
  std::vector<float> zeros_;      ///< what zeros become, when that is not 0
  std::vector<float> converted_;  ///< of the elements of a row
  InputTransform of_columns_;     ///< for the columns of a row
};

}  // namespace hourglass
