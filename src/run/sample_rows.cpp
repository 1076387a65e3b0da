#include "run/sample_rows.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "data/count_statistics.hpp"
#include "data/missing_values.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

ChannelGrid stored_grid(const Model& model, Index element_bytes) {
  const Index channels = std::max<Index>(1, model.leading_channels());
  return {channels, model.network->features() / channels, element_bytes};
}

void check_rows(ElementType type, std::span<const std::byte> rows, Index columns, const char* what,
                const MissingValues& missing, Index first) {
  const Index bad = first_refused(type, rows, missing);
  if (bad < 0) return;
  throw Error(ErrorKind::data, fmt::format("row {} of the {} holds a NaN or infinity (column {})",
                                           first + bad / columns, what, bad % columns));
}

void normalize_row(const Model& model, const InputTransform& transform, ElementType type,
                   std::span<const std::byte> stored, Index number, std::span<std::byte> reordered,
                   std::span<float> row) {
  const ChannelGrid grid = stored_grid(model, size_of(type));
  if (grid.channels > 1) {
    to_channels_last(grid, stored, reordered);
    stored = reordered;
  }
  convert_row(type, stored.data(), transform, row);
  if (model.transform.counts && !are_counts(row)) {
    throw Error(ErrorKind::data,
                fmt::format("row {} of the samples holds numbers that are not counts", number));
  }
}

void restore_row(const Model& model, std::span<const float> row, std::span<float> to) {
  const ChannelGrid grid = stored_grid(model, sizeof(float));
  if (grid.channels == 1 || model.has_target()) {
    std::ranges::copy(row, to.begin());
  } else {
    to_channels_first(grid, std::as_bytes(row), std::as_writable_bytes(to));
  }
}

}  // namespace hourglass
