#include "model/sample_input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/scratch_arena.hpp"
#include "hourglass/core/error.hpp"
#include "math/log_gamma.hpp"

namespace hourglass {

namespace {

// A sum of whole numbers below 2^53: the same in any order.
double sum_of(std::span<const float> values) {
  constexpr std::size_t lane_count = 16;
  std::array<double, lane_count> lanes{};
  std::size_t i = 0;
  for (; i + lane_count <= values.size(); i += lane_count) {
    for (std::size_t lane = 0; lane < lane_count; ++lane)
      lanes[lane] += static_cast<double>(values[i + lane]);
  }
  for (std::size_t lane = 0; i + lane < values.size(); ++lane)
    lanes[lane] += static_cast<double>(values[i + lane]);
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

// Of s = 0 there are only zeros.
void scale_counts(std::span<const float> counts, float size, std::span<float> input) {
  const float divisor = size > 0 ? size : 1.0F;
  for (std::size_t i = 0; i < counts.size(); ++i)
    input[i] = elementwise::log1p(counts[i] / divisor);
}

void copy_to(const SparseRows& rows, SparseBatch& batch) {
  batch.clear(rows.width);
  for (Index r = 0; r < rows.rows(); ++r) {
    const auto columns = rows.columns_of(r);
    const auto values = rows.values_of(r);
    for (std::size_t i = 0; i < columns.size(); ++i) batch.add(columns[i], values[i]);
    batch.end_row();
  }
}

}  // namespace

std::string_view name_of(Counts counts) { return counts == Counts::none ? "none" : "log1p"; }

Counts counts_from(std::string_view name) {
  if (name == "none") return Counts::none;
  if (name == "log1p") return Counts::log1p;
  throw Error(ErrorKind::usage, fmt::format("unknown input of counts '{}': none or log1p", name));
}

std::string_view name_of(SparseInput sparse) {
  if (sparse == SparseInput::automatic) return "auto";
  return sparse == SparseInput::on ? "on" : "off";
}

SparseInput sparse_input_from(std::string_view name) {
  if (name == "auto") return SparseInput::automatic;
  if (name == "on") return SparseInput::on;
  if (name == "off") return SparseInput::off;
  throw Error(ErrorKind::usage, fmt::format("'{}' is none of auto, on and off", name));
}

SampleInput::SampleInput(Index features, double library, bool sparse)
    : features_(features), library_(library), sparse_(sparse) {}

Index SampleInput::scratch_floats(Index rows) const {
  if (!counts()) return 0;
  return ScratchArena::floats_of_array<float>(rows) + ScratchArena::floats_of(rows, features_);
}

SampleInput::Rows SampleInput::dense_rows(ConstMatrix samples, std::span<float> scratch) const {
  if (!counts()) return {samples, {}, {}};
  ScratchArena arena(scratch);
  const std::span<float> sizes = arena.allocate_array<float>(samples.rows);
  const Matrix input = arena.allocate(samples.rows, features_);
  for (Index r = 0; r < samples.rows; ++r) {
    float& size = sizes[static_cast<std::size_t>(r)];
    size = size_factor(sum_of(samples.row(r)));
    scale_counts(samples.row(r), size, input.row(r));
  }
  return {input, {}, sizes};
}

SampleInput::Rows SampleInput::rows(ConstMatrix samples, const SparseRows* known,
                                    SparseBatch& batch, std::span<float> scratch,
                                    bool wants_dense) const {
  if (!sparse_) return dense_rows(samples, scratch);
  if (known != nullptr && !counts()) return {samples, *known, {}};
  if (known != nullptr) {
    copy_to(*known, batch);
  } else {
    batch.clear(features_);
    append_rows(samples, batch);
  }
  if (!counts()) return {samples, batch.view(), {}};
  ScratchArena arena(scratch);
  const std::span<float> sizes = arena.allocate_array<float>(samples.rows);
  const SparseRows view = batch.view();
  const std::span<float> values = batch.values();
  for (Index r = 0; r < samples.rows; ++r) {
    const auto first = static_cast<std::size_t>(view.starts[static_cast<std::size_t>(r)]);
    const std::span<float> row = values.subspan(first, view.values_of(r).size());
    float& size = sizes[static_cast<std::size_t>(r)];
    size = size_factor(sum_of(row));
    scale_counts(row, size, row);
  }
  if (!wants_dense) return {samples, view, sizes};
  const Matrix input = arena.allocate(samples.rows, features_);
  spread(view, input);
  return {input, view, sizes};
}

}  // namespace hourglass
