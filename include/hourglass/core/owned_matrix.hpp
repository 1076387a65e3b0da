#pragma once

#include <span>
#include <vector>

#include "hourglass/core/matrix_view.hpp"

namespace hourglass {

/// A row-major matrix that owns its values: element (r, c) is values()[r * columns() + c]. Copies
/// are deep. Usable wherever a ConstMatrix is expected; such a view is valid until the matrix is
/// changed in size, moved from or destroyed.
class OwnedMatrix {
 public:
  /// No rows, no columns.
  OwnedMatrix() = default;
  /// All values are 0. Neither extent is negative. Throws std::bad_alloc.
  OwnedMatrix(Index rows, Index columns)
      : rows_(rows), columns_(columns), values_(static_cast<std::size_t>(rows * columns)) {}

  [[nodiscard]] Index rows() const { return rows_; }
  [[nodiscard]] Index columns() const { return columns_; }
  [[nodiscard]] std::span<float> values() { return values_; }
  [[nodiscard]] std::span<const float> values() const { return values_; }

  [[nodiscard]] float& operator()(Index row, Index column) {
    return values_[static_cast<std::size_t>(row * columns_ + column)];
  }
  [[nodiscard]] float operator()(Index row, Index column) const {
    return values_[static_cast<std::size_t>(row * columns_ + column)];
  }

  [[nodiscard]] Matrix view() { return {values_.data(), rows_, columns_}; }
  [[nodiscard]] ConstMatrix view() const { return {values_.data(), rows_, columns_}; }
  operator ConstMatrix() const { return view(); }  // NOLINT(google-explicit-constructor)

 private:
  Index rows_ = 0;
  Index columns_ = 0;
  std::vector<float> values_;
};

}  // namespace hourglass
