#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/function_ref.hpp"
#include "core/sparse_rows.hpp"
#include "hourglass/core/matrix_view.hpp"
#include "math/code_product.hpp"

namespace hourglass {

/// The sparse codes of a micro-batch between the layer that selects their units (SparseEncoder) and
/// the one that they are decoded by (SparseDecoder): for each sample its active units, ascending,
/// with value and dL/dvalue. Filled row by row; keeps its memory when cleared.
class SparseCode {
 public:
  /// No rows of so many units.
  void clear(Index units);
  /// Appends a unit to the row that is being filled, beyond those of the row so far. A value of 0
  /// stays listed: its gradient is wanted. `pre_activation` is kept for the encoder's gradient.
  void add(Index unit, float value, float pre_activation) {
    units_.push_back(static_cast<std::int32_t>(unit));
    values_.push_back(value);
    pre_activations_.push_back(pre_activation);
  }
  void add(Index unit, float value) { add(unit, value, value); }
  void end_row() { starts_.push_back(static_cast<Index>(units_.size())); }
  /// Keeps the listed units whose value `keep` wants, which is asked in their order.
  void filter(FunctionRef<bool(float value)> keep);
  /// The same, told the row too.
  void filter_rows(FunctionRef<bool(Index row, float value)> keep);
  /// The listed units become those from `first` on of a code of so many units.
  void place(Index first, Index units);
  /// The rows of dense codes (rows x units), of which those that are not 0 are listed.
  void assign(ConstMatrix codes);

  [[nodiscard]] Index rows() const { return static_cast<Index>(starts_.size()) - 1; }
  [[nodiscard]] Index units() const { return width_; }
  /// Listed units of all rows.
  [[nodiscard]] Index size() const { return static_cast<Index>(units_.size()); }
  [[nodiscard]] SparseRows view() const { return {width_, starts_, units_, values_}; }
  [[nodiscard]] std::span<const float> pre_activations() const { return pre_activations_; }
  /// Of the listed units, in their order: dL/dvalue, which the decoder writes.
  [[nodiscard]] std::span<float> gradients() { return gradients_; }
  /// The listed units with their gradients instead of their values.
  [[nodiscard]] SparseRows gradient_view() const { return {width_, starts_, units_, gradients_}; }
  /// The first listed unit of a row; of the row after the last, their number.
  [[nodiscard]] Index start(Index row) const { return starts_[static_cast<std::size_t>(row)]; }

  /// Sorts the listed units by number, those of a unit by row, and makes room for gradients.
  void sort_by_unit();
  /// by_unit() then names row r % `rows` for row r: of codes whose rows are several parts of the
  /// same samples.
  void fold_rows(Index rows) {
    for (std::int32_t& row : unit_rows_) row %= static_cast<std::int32_t>(rows);
  }
  /// Valid until the rows change. Requires sort_by_unit().
  [[nodiscard]] UnitElements by_unit() const { return {unit_starts_, unit_rows_, unit_places_}; }

  /// Whether the units were selected in a pass before: the encoder leaves them as they are.
  [[nodiscard]] bool is_selected() const { return selected_; }
  void set_selected() { selected_ = true; }

  /// gated: of the listed units, dL/d(gate's pre-activation) that does not come from their values.
  [[nodiscard]] std::vector<float>& gate_gradients() { return gate_gradients_; }
  /// gated: replaces the values, which were the gate's pre-activations.
  [[nodiscard]] std::span<float> values() { return values_; }
  /// Of each row: the derivative of the loss by the number of its active units. Empty: 0.
  [[nodiscard]] std::vector<float>& l0_gradients() { return l0_gradients_; }

  [[nodiscard]] Index bytes() const;

 private:
  Index width_ = 0;
  std::vector<Index> starts_ = {0};
  std::vector<std::int32_t> units_;
  std::vector<float> values_;
  std::vector<float> pre_activations_;
  std::vector<float> gradients_;
  std::vector<std::int32_t> unit_starts_;  // units + 1
  std::vector<std::int32_t> unit_rows_;
  std::vector<std::int32_t> unit_places_;
  std::vector<float> l0_gradients_;
  std::vector<float> gate_gradients_;
  bool selected_ = false;
};

}  // namespace hourglass
