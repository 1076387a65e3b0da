#include "data/value_range.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "core/buffer.hpp"
#include "core/element.hpp"
#include "data/finite_rows.hpp"
#include "data/missing_values.hpp"

namespace hourglass {

namespace {

double off_step(double value, double steps) {
  const double scaled = value * steps;
  return std::fabs(scaled - std::nearbyint(scaled));
}

template <class T>
void add_integers(std::span<const std::byte> stored, const std::vector<double>& missing,
                  ValueRange& range) {
  const std::size_t count = stored.size() / sizeof(T);
  T lowest = std::numeric_limits<T>::max();
  T highest = std::numeric_limits<T>::lowest();
  for (std::size_t i = 0; i < count; ++i) {
    const T value = load_element<T>(stored.data(), i);
    if (!missing.empty() && is_missing(value, missing)) continue;
    lowest = std::min(lowest, value);
    highest = std::max(highest, value);
  }
  if (lowest > highest) return;
  range.lowest = std::min(range.lowest, static_cast<double>(lowest));
  range.highest = std::max(range.highest, static_cast<double>(highest));
}

template <class T>
void add_reals(std::span<const std::byte> stored, const std::vector<double>& missing,
               ValueRange& range) {
  const std::size_t count = stored.size() / sizeof(T);
  for (std::size_t i = 0; i < count; ++i) {
    const T element = load_element<T>(stored.data(), i);
    if (is_missing(element, missing)) continue;
    const auto value = static_cast<double>(element);
    range.lowest = std::min(range.lowest, value);
    range.highest = std::max(range.highest, value);
    if (value == std::nearbyint(value)) continue;
    range.whole = false;
    range.off_steps_of_255 = std::max(range.off_steps_of_255, off_step(value, 255));
    range.off_steps_of_65535 = std::max(range.off_steps_of_65535, off_step(value, 65535));
  }
}

void add_rows(const DatasetReader& reader, Range rows, const std::vector<double>& missing,
              std::span<std::byte> buffer, ValueRange& range) {
  const DatasetInfo& info = reader.info();
  const auto bytes = buffer.first(static_cast<std::size_t>(rows.size() * info.row_bytes()));
  reader.read_rows(rows, bytes);
  range.add(info.type, bytes, missing);
  range.rows += rows.size();
}

}  // namespace

double ValueRange::magnitude() const {
  return known() ? std::max(std::fabs(lowest), std::fabs(highest)) : 0;
}

void ValueRange::add(ElementType type, std::span<const std::byte> stored,
                     const std::vector<double>& missing) {
  with_element(type, [&]<class T>(std::type_identity<T>) {
    if constexpr (std::is_integral_v<T>) {
      add_integers<T>(stored, missing, *this);
    } else {
      add_reals<T>(stored, missing, *this);
    }
  });
}

void ValueRange::merge(const ValueRange& other) {
  lowest = std::min(lowest, other.lowest);
  highest = std::max(highest, other.highest);
  whole = whole && other.whole;
  off_steps_of_255 = std::max(off_steps_of_255, other.off_steps_of_255);
  off_steps_of_65535 = std::max(off_steps_of_65535, other.off_steps_of_65535);
  rows += other.rows;
}

ValueRange value_range(const DatasetReader& reader, Range rows,
                       const std::vector<double>& missing) {
  const DatasetInfo& info = reader.info();
  const Index block = std::max<Index>(1, std::min(rows_a_read(info), rows.size()));
  Buffer<std::byte> buffer(block * info.row_bytes());
  ValueRange range;
  for (Index begin = rows.begin; begin < rows.end; begin += block)
    add_rows(reader, {begin, std::min(rows.end, begin + block)}, missing, buffer.span(), range);
  return range;
}

ValueRange value_range(const Communicator& communicator, const DatasetReader& reader,
                       const std::vector<double>& missing) {
  const DatasetInfo& info = reader.info();
  ValueRange mine;
  collectively(communicator, [&] {
    mine = value_range(reader, even_part(info.rows(), communicator.size(), communicator.rank()),
                       missing);
  });
  ValueRange all;
  all.lowest = -communicator.max(-mine.lowest);
  all.highest = communicator.max(mine.highest);
  all.whole = communicator.min(Index{mine.whole ? 1 : 0}) == 1;
  all.off_steps_of_255 = communicator.max(mine.off_steps_of_255);
  all.off_steps_of_65535 = communicator.max(mine.off_steps_of_65535);
  all.rows = info.rows();
  return all;
}

ValueRange typical_range(const Communicator& communicator, const DatasetReader& reader,
                         const std::vector<double>& missing) {
  constexpr Index largest = Index{256} << 20;
  constexpr Index sampled_rows = 256;
  const DatasetInfo& info = reader.info();
  if (info.rows() <= largest / info.row_bytes()) return value_range(communicator, reader, missing);
  ValueRange range;
  collectively(communicator, [&] {
    if (communicator.is_root()) range = sampled_range(reader, sampled_rows, missing);
  });
  communicator.broadcast(std::as_writable_bytes(std::span(&range, 1)));
  return range;
}

ValueRange sampled_range(const DatasetReader& reader, Index rows,
                         const std::vector<double>& missing) {
  const DatasetInfo& info = reader.info();
  const Index count = std::min(rows, info.rows());
  if (count == info.rows()) return value_range(reader, {0, count}, missing);
  Buffer<std::byte> buffer(info.row_bytes());
  ValueRange range;
  for (Index i = 0; i < count; ++i) {
    const Index row = even_part(info.rows(), count, i).begin;
    add_rows(reader, {row, row + 1}, missing, buffer.span(), range);
  }
  return range;
}

}  // namespace hourglass
