#pragma once

#include <span>
#include <type_traits>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// A non-owning view of a row-major matrix: element (r, c) is data[r * stride + c], stride >=
/// columns.
template <class T>
struct MatrixView {
  T* data = nullptr;
  Index rows = 0;
  Index columns = 0;
  Index stride = 0;

  MatrixView() = default;
  MatrixView(T* data_, Index rows_, Index columns_)
      : MatrixView(data_, rows_, columns_, columns_) {}
  MatrixView(T* data_, Index rows_, Index columns_, Index stride_)
      : data(data_), rows(rows_), columns(columns_), stride(stride_) {}
  /// A view of mutable elements is also a view of constant ones.
  template <class U>
  requires(std::is_same_v<T, const U>)
      MatrixView(const MatrixView<U>& other)  // NOLINT(google-explicit-constructor)
      : data(other.data), rows(other.rows), columns(other.columns), stride(other.stride) {}

  [[nodiscard]] T& operator()(Index row, Index column) const { return data[row * stride + column]; }
  [[nodiscard]] std::span<T> row(Index r) const {
    return {data + r * stride, static_cast<std::size_t>(columns)};
  }
  [[nodiscard]] MatrixView first_rows(Index count) const { return {data, count, columns, stride}; }
  [[nodiscard]] bool empty() const { return data == nullptr; }
};

using ConstMatrix = MatrixView<const float>;
using Matrix = MatrixView<float>;

}  // namespace hourglass
