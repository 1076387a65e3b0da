#include "nn/sparse_code.hpp"

#include <limits>
#include <numeric>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

template <class T>
Index bytes_of(const std::vector<T>& values) {
  return static_cast<Index>(values.capacity() * sizeof(T));
}

}  // namespace

void SparseCode::clear(Index units) {
  width_ = units;
  starts_.assign(1, 0);
  units_.clear();
  values_.clear();
  pre_activations_.clear();
  l0_gradients_.clear();
  gate_gradients_.clear();
  selected_ = false;
}

void SparseCode::filter(FunctionRef<bool(float value)> keep) {
  filter_rows([&](Index /*row*/, float value) { return keep(value); });
}

void SparseCode::filter_rows(FunctionRef<bool(Index row, float value)> keep) {
  std::size_t kept = 0;
  std::size_t e = 0;
  for (std::size_t r = 1; r < starts_.size(); ++r) {
    for (; e < static_cast<std::size_t>(starts_[r]); ++e) {
      if (!keep(static_cast<Index>(r) - 1, values_[e])) continue;
      units_[kept] = units_[e];
      values_[kept] = values_[e];
      pre_activations_[kept] = pre_activations_[e];
      ++kept;
    }
    starts_[r] = static_cast<Index>(kept);
  }
  units_.resize(kept);
  values_.resize(kept);
  pre_activations_.resize(kept);
}

void SparseCode::place(Index first, Index units) {
  for (std::int32_t& unit : units_) unit += static_cast<std::int32_t>(first);
  width_ = units;
}

void SparseCode::assign(ConstMatrix codes) {
  clear(codes.columns);
  for (Index r = 0; r < codes.rows; ++r) {
    for (Index c = 0; c < codes.columns; ++c) {
      if (const float value = codes(r, c); value != 0) add(c, value);
    }
    end_row();
  }
}

void SparseCode::sort_by_unit() {
  require(units_.size() <= static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()),
          "more active units in a micro-batch than can be numbered");
  gradients_.resize(units_.size());
  unit_rows_.resize(units_.size());
  unit_places_.resize(units_.size());
  // Counts are kept one place ahead: filling moves each start to where the next unit's begins.
  unit_starts_.assign(static_cast<std::size_t>(width_) + 2, 0);
  for (const std::int32_t unit : units_) ++unit_starts_[static_cast<std::size_t>(unit) + 2];
  std::partial_sum(unit_starts_.begin(), unit_starts_.end(), unit_starts_.begin());
  for (Index r = 0; r < rows(); ++r) {
    for (Index e = start(r); e < start(r + 1); ++e) {
      const auto place = static_cast<std::size_t>(e);
      std::int32_t& next = unit_starts_[static_cast<std::size_t>(units_[place]) + 1];
      unit_rows_[static_cast<std::size_t>(next)] = static_cast<std::int32_t>(r);
      unit_places_[static_cast<std::size_t>(next)] = static_cast<std::int32_t>(e);
      ++next;
    }
  }
  unit_starts_.pop_back();
}

Index SparseCode::bytes() const {
  return bytes_of(starts_) + bytes_of(units_) + bytes_of(values_) + bytes_of(pre_activations_) +
         bytes_of(gradients_) + bytes_of(unit_starts_) + bytes_of(unit_rows_) +
         bytes_of(unit_places_) + bytes_of(l0_gradients_) + bytes_of(gate_gradients_);
}

}  // namespace hourglass
