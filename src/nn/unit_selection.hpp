#pragma once

#include <cstdint>
#include <span>

#include "core/function_ref.hpp"
#include "hourglass/core/types.hpp"
#include "nn/sparse_code.hpp"

namespace hourglass {

// The selection of a sample's active units from its products z (without bias) with an encoder's
// weight, in about one pass over them: units are looked at in blocks, and one by one only in blocks
// that hold something. Each appends a row to `code`. A NaN is always selected, so that it is
// noticed.

/// Floats of scratch memory for so many units.
[[nodiscard]] Index selection_scratch_floats(Index units);

/// Products in less than single precision: |z_u - exact product| <= scale errors[u] + offset for
/// every unit u, and as much for their sums with the bias. Units whose selection could depend on
/// that are selected by exact products, and values are exact: the selection is that of exact
/// products.
struct Inexact {
  float scale = 0;
  float offset = 0;
  std::span<const float> errors;
  /// Writes the exact products of the listed units.
  FunctionRef<void(std::span<const std::int32_t> units, float* products)> exact;
};

/// The k largest of relu(z + bias), fewer where fewer are above 0. Of equal values the unit of
/// lower number wins. By maxima of groups of units: the k-th largest of them is a lower bound of
/// the k-th largest value, above which few units are. `inexact` may be null.
void select_largest(std::span<const float> z, std::span<const float> bias, Index k,
                    std::span<float> scratch, const Inexact* inexact, SparseCode& code);

/// All units with z + bias above their bound; values are z + bias where that is above the unit's
/// threshold and 0 between bound and threshold. Scratch memory as for select_largest(), needed with
/// `inexact` alone.
void select_above(std::span<const float> z, std::span<const float> bias,
                  std::span<const float> bounds, std::span<const float> thresholds,
                  std::span<float> scratch, const Inexact* inexact, SparseCode& code);

}  // namespace hourglass
