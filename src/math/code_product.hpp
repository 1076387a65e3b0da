#pragma once

#include <cstdint>
#include <span>

#include "core/sparse_rows.hpp"
#include "hourglass/core/matrix_view.hpp"

namespace hourglass {

// Products of sparse codes C (rows x units) with a matrix A (units x width) of which the row of a
// unit is contiguous, and their gradients. Work and memory traffic are those of the listed elements
// of C: a row of A, or of its gradient, for each. An element of a result is a sum in the order of
// C's elements (of a row by unit, of a unit by row), by fused multiply-adds; a scalar product over
// `width` is summed in 64 parts, whose number depends on nothing. On the calling thread alone;
// nothing is allocated.

/// The elements of sparse rows by unit: those of unit u are [starts[u], starts[u + 1]) of `rows`
/// and `places`, ascending; a place is the element's among all those of the rows.
struct UnitElements {
  std::span<const std::int32_t> starts;  ///< units + 1
  std::span<const std::int32_t> rows;
  std::span<const std::int32_t> places;

  [[nodiscard]] Index units() const { return static_cast<Index>(starts.size()) - 1; }
};

/// Y = C A (rows x width).
void multiply_code(const SparseRows& code, ConstMatrix atoms, Matrix y);
/// Y += C A for some of the rows, the sums going on from what is in Y.
void add_code(const SparseRows& code, ConstMatrix atoms, Range rows, Matrix y);

/// The gradients of Y = C A from dY (rows x width), at the listed elements only:
///   code_gradients[e] = dY_r . A_u  for each element e = (r, u),
///   dA_u = sum over the elements of unit u of C_e dY_r  (units x width), 0 without elements.
/// `values` and `code_gradients` are by place. `zeroed`: rows of `gradient` without elements are 0
/// already and not written, here and below.
void code_gradients(const UnitElements& elements, std::span<const float> values, ConstMatrix atoms,
                    ConstMatrix dy, std::span<float> code_gradients, Matrix gradient,
                    bool zeroed = false);

/// The first of these alone, row by row: code_gradients[e] = dY_r . A_u.
void multiply_at(const SparseRows& code, ConstMatrix atoms, ConstMatrix dy,
                 std::span<float> code_gradients);

/// dA_u = sum over the elements of unit u of g_e X_r, X being rows x width and `factors` g by
/// place; 0 without elements.
void gather_rows(const UnitElements& elements, std::span<const float> factors, ConstMatrix x,
                 Matrix gradient, bool zeroed = false);

/// products[i] = x . the listed row i of A, each in the order of code_gradients().
void multiply_listed(const float* x, ConstMatrix rows, std::span<const std::int32_t> listed,
                     float* products);

/// The scalar product of two rows of so many numbers, in the order of code_gradients().
[[nodiscard]] float scalar_product(const float* a, const float* b, Index width);

}  // namespace hourglass
