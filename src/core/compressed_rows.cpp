#include "core/compressed_rows.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace hourglass {

namespace {

template <class T>
void scatter(std::span<const std::int32_t> columns, const std::byte* values, std::byte* row) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    std::memcpy(row + static_cast<std::size_t>(columns[i]) * sizeof(T), values + i * sizeof(T),
                sizeof(T));
  }
}

}  // namespace

void CompressedRows::clear() {
  starts.assign(1, 0);
  columns.clear();
  values.clear();
}

void CompressedRows::reserve(Index row_count, Index entry_count) {
  starts.reserve(static_cast<std::size_t>(row_count) + 1);
  columns.reserve(static_cast<std::size_t>(entry_count));
  values.reserve(static_cast<std::size_t>(entry_count) * value_bytes);
}

void CompressedRows::extend(Index count) {
  columns.resize(columns.size() + static_cast<std::size_t>(count));
  values.resize(columns.size() * value_bytes);
}

void CompressedRows::append_row(std::span<const std::int32_t> row_columns,
                                std::span<const std::byte> row_values) {
  columns.insert(columns.end(), row_columns.begin(), row_columns.end());
  values.insert(values.end(), row_values.begin(), row_values.end());
  starts.push_back(static_cast<Index>(columns.size()));
}

Index compressed_bytes(Index rows, Index entries, Index value_bytes) {
  return (rows + 1) * static_cast<Index>(sizeof(Index)) +
         entries * (static_cast<Index>(sizeof(std::int32_t)) + value_bytes);
}

bool are_ordered(std::span<const std::int32_t> columns, Index width) {
  if (columns.empty()) return true;
  // Ascending from a first one of at least 0 to a last one below the width: all lie between.
  unsigned descends = 0;
  for (std::size_t i = 1; i < columns.size(); ++i)
    descends |= static_cast<unsigned>(columns[i] <= columns[i - 1]);
  return descends == 0 && columns.front() >= 0 && columns.back() < width;
}

std::int32_t order_row(CompressedRows& rows, Index row) {
  const auto place = static_cast<std::size_t>(rows.starts[static_cast<std::size_t>(row)]);
  const auto columns = rows.columns_of(row);
  const auto values = rows.values_of(row);
  std::vector<std::size_t> order(columns.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return columns[i]; });
  const std::vector<std::int32_t> old_columns(columns.begin(), columns.end());
  const std::vector<std::byte> old_values(values.begin(), values.end());
  std::int32_t doubled = -1;
  for (std::size_t i = 0; i < order.size(); ++i) {
    rows.columns[place + i] = old_columns[order[i]];
    std::memcpy(rows.values.data() + (place + i) * rows.value_bytes,
                old_values.data() + order[i] * rows.value_bytes, rows.value_bytes);
    if (i > 0 && rows.columns[place + i] == rows.columns[place + i - 1])
      doubled = rows.columns[place + i];
  }
  return doubled;
}

void replace_columns(CompressedRows& rows, Index first_row, std::span<const std::int32_t> places) {
  auto target = static_cast<std::size_t>(rows.starts[static_cast<std::size_t>(first_row)]);
  std::size_t source = target;
  const std::size_t bytes = rows.value_bytes;
  for (Index row = first_row; row < rows.rows(); ++row) {
    const auto next = static_cast<std::size_t>(row) + 1;
    const auto end = static_cast<std::size_t>(rows.starts[next]);
    std::int32_t last = -1;
    bool ordered = true;
    for (; source < end; ++source) {
      const std::int32_t place = places[static_cast<std::size_t>(rows.columns[source])];
      if (place < 0) continue;
      ordered = ordered && place > last;
      last = place;
      rows.columns[target] = place;
      std::memmove(rows.values.data() + target * bytes, rows.values.data() + source * bytes, bytes);
      ++target;
    }
    rows.starts[next] = static_cast<Index>(target);
    if (!ordered) order_row(rows, row);
  }
  rows.columns.resize(target);
  rows.values.resize(target * bytes);
}

void spread(const CompressedRows& rows, Index width, std::span<std::byte> dense) {
  const std::size_t row_bytes = static_cast<std::size_t>(width) * rows.value_bytes;
  std::ranges::fill(dense, std::byte{0});
  for (Index row = 0; row < rows.rows(); ++row) {
    std::byte* const target = dense.data() + static_cast<std::size_t>(row) * row_bytes;
    const auto columns = rows.columns_of(row);
    const std::byte* const values = rows.values_of(row).data();
    switch (rows.value_bytes) {
      case 1:
        scatter<std::uint8_t>(columns, values, target);
        break;
      case 2:
        scatter<std::uint16_t>(columns, values, target);
        break;
      case 4:
        scatter<std::uint32_t>(columns, values, target);
        break;
      default:
        scatter<std::uint64_t>(columns, values, target);
        break;
    }
  }
}

}  // namespace hourglass
