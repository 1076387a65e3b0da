#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/function_ref.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// A tensor of an arena with a row of `width` floats for each unit, the first at `offset`, a
/// multiple of 64.
struct UnitRows {
  Index offset = 0;
  Index width = 0;
};

/// A set of units, and the part of an arena that is not 0 when the rows of all other units are:
/// gradients of a sparse code, of which most units are active in no sample. Whatever lies outside
/// of the tensors with a row per unit counts as active. Whoever adds, clears or sends such an arena
/// need not touch the rest: sums of +0 are +0.
///
/// Parts of the arena are whole cells of 64 floats, the unit of its division among ranks and of
/// encodings (core/wire_format.hpp). A cell that rows of several units share is active when one of
/// them is. Only the constructor allocates.
class ActiveRows {
 public:
  /// No units: everything is active.
  ActiveRows() = default;
  /// `tensors` in the order of their offsets. No unit is active.
  ActiveRows(std::vector<UnitRows> tensors, Index units);

  [[nodiscard]] bool empty() const { return units_ == 0; }
  [[nodiscard]] Index units() const { return units_; }
  [[nodiscard]] std::span<const UnitRows> tensors() const { return tensors_; }
  void clear();
  /// All units.
  void fill();
  void add(Index unit) {
    words_[static_cast<std::size_t>(unit) / 64] |= std::uint64_t{1} << (unit % 64);
  }
  /// The union with a set of the same units.
  void add(const ActiveRows& other);
  [[nodiscard]] bool contains(Index unit) const {
    return (words_[static_cast<std::size_t>(unit) / 64] >> (unit % 64) & 1) != 0;
  }
  /// The number of active units.
  [[nodiscard]] Index count() const;
  /// 64 units each, for unions over ranks.
  [[nodiscard]] std::span<std::uint64_t> words() { return words_; }

  /// Calls visit(part) for the active parts of `floats`, which begins and ends at cells: ascending,
  /// disjoint, not touching each other.
  void for_parts(Range floats, FunctionRef<void(Range part)> visit) const;
  /// The floats of these parts.
  [[nodiscard]] Index floats_in(Range floats) const;
  /// Sets the rows of active units to 0. `arena` is all of it.
  void zero(float* arena) const;

 private:
  class Joiner;
  [[nodiscard]] Range extent(const UnitRows& tensor) const;
  void join_rows(const UnitRows& tensor, Range floats, Joiner& joiner) const;

  std::vector<UnitRows> tensors_;
  Index units_ = 0;
  std::vector<std::uint64_t> words_;
};

}  // namespace hourglass
