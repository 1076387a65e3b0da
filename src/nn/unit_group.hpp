#pragma once

#include <span>

#include "core/function_ref.hpp"
#include "hourglass/core/matrix_view.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

class SparseCode;

/// The ranks that share the units of a dictionary: each holds the rows of some consecutive units,
/// passes of all of them go through the same micro-batches in the same order, and codes list the
/// rank's own units alone. Whatever sums over units does so in ascending order, one rank after the
/// other, so that the bits are those of a rank that holds all units. Every method but units() is
/// collective over the group.
class UnitGroup {
 public:
  virtual ~UnitGroup() = default;
  /// This rank's units.
  [[nodiscard]] virtual Range units() const = 0;
  /// Leaves in each row of `code` those of its units that are among the k largest of the rows of
  /// all ranks, of equal values the units of lower number; each rank lists its own k largest.
  virtual void keep_largest(Index k, SparseCode& code) = 0;
  /// Sums over units: add(rows, first) continues them with this rank's units, where `first` says
  /// that there are none before. Afterwards they are complete on every rank.
  using AddRows = FunctionRef<void(Range rows, bool first)>;
  virtual void sum_over_units(Matrix sums, AddRows add) = 0;
  virtual void sum_over_units(std::span<double> sums, FunctionRef<void()> add) = 0;
};

}  // namespace hourglass
