#include "data/finite_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include "core/element.hpp"
#include "data/missing_values.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr Index bytes_a_read = Index{8} << 20;

// The element, and advice.
std::string describe(ElementType type, const std::byte* stored, Index element,
                     const MissingValues& missing) {
  return with_element(type, [&]<class T>(std::type_identity<T>) -> std::string {
    const T value = load_element<T>(stored, static_cast<std::size_t>(element));
    if constexpr (std::is_floating_point_v<T>) {
      if (std::isnan(value)) return "a NaN";
      if (!is_missing(value, missing.values))
        return std::isinf(value) ? "an infinity" : "a number beyond the range of single precision";
    }
    return fmt::format("{}, which --missing-value names", value);
  });
}

// Refuses element `bad` of what was read, which lies at `place`.
[[noreturn]] void refuse(const DatasetInfo& info, const ElementPlace& place, Index feature,
                         const std::byte* bytes, Index bad, const MissingValues& missing) {
  const std::string text = feature_text(info, place.feature, feature);
  const std::string found = describe(info.type, bytes, bad, missing);
  if (found == "a NaN" && !info.missing.empty()) {
    throw Error(ErrorKind::data, place.row + " holds a missing value (" + text +
                                     "), which the file marks by " + info.missing +
                                     "; drop such rows, or train with --missing mask");
  }
  // Only what counts as missing can be masked.
  const char* const advice =
      found.starts_with("an infinity") || found.starts_with("a number")
          ? "; clean the data: drop such rows or replace such values"
          : "; clean the data: drop such rows or replace such values, or train with --missing mask";
  throw Error(ErrorKind::data, place.row + " holds " + found + " (" + text + ")" + advice);
}

}  // namespace

std::string feature_text(const DatasetInfo& info, Index stored, Index feature) {
  const auto i = static_cast<std::size_t>(feature);
  const std::string number = "feature " + std::to_string(stored);
  return i < info.feature_names.size() ? number + ", " + info.feature_names[i] : number;
}

void read_finite_rows(const DatasetReader& reader, Range rows, std::span<std::byte> bytes,
                      const MissingValues& missing) {
  if (!rows.empty()) read_finite_runs(reader, {&rows, 1}, bytes, missing);
}

void read_finite_runs(const DatasetReader& reader, std::span<const Range> runs,
                      std::span<std::byte> bytes, const MissingValues& missing) {
  reader.read_runs(runs, bytes);
  const DatasetInfo& info = reader.info();
  const Index bad = first_refused(info.type, bytes, missing);
  if (bad < 0) return;
  Index place = bad / info.features();
  std::size_t run = 0;
  while (place >= runs[run].size()) place -= runs[run++].size();
  const Index feature = bad % info.features();
  refuse(info, reader.place(runs[run].begin + place, feature), feature, bytes.data(), bad, missing);
}

void read_finite_sparse(const DatasetReader& reader, std::span<const Range> runs,
                        CompressedRows& rows, const MissingValues& missing) {
  const Index first_row = rows.rows();
  const Index first = rows.entries();
  reader.read_sparse(runs, rows);
  const DatasetInfo& info = reader.info();
  const std::span<const std::byte> values =
      std::span(rows.values).subspan(static_cast<std::size_t>(first) * rows.value_bytes);
  const Index bad = first_refused(info.type, values, missing);
  if (bad < 0) return;
  Index row = first_row;
  while (rows.starts[static_cast<std::size_t>(row) + 1] <= first + bad) ++row;
  Index place = row - first_row;
  std::size_t run = 0;
  while (place >= runs[run].size()) place -= runs[run++].size();
  const Index feature = rows.columns[static_cast<std::size_t>(first + bad)];
  refuse(info, reader.place(runs[run].begin + place, feature), feature, values.data(), bad,
         missing);
}

void read_finite_steps(const DatasetReader& reader, std::span<const Range> runs,
                       std::span<std::byte> bytes, const MissingValues& missing) {
  const DatasetInfo& info = reader.info();
  if (info.steps.length() == 1) return read_finite_runs(reader, runs, bytes, missing);
  const Index features = info.features() / info.steps.length();
  for (const Range& run : runs) {
    const auto size = static_cast<std::size_t>(run.size() * info.step_bytes());
    reader.read_steps(run, bytes.first(size));
    const Index bad = first_refused(info.type, bytes.first(size), missing);
    if (bad >= 0) {
      const Index feature = bad % features;
      refuse(info, reader.place_in_step(run.begin + bad / features, feature), feature, bytes.data(),
             bad, missing);
    }
    bytes = bytes.subspan(size);
  }
}

Index rows_a_read(const DatasetInfo& info) {
  return std::max<Index>(1, bytes_a_read / std::max<Index>(1, info.row_bytes()));
}

Index entries_a_read(const DatasetInfo& info) {
  return bytes_a_read / (size_of(info.type) + static_cast<Index>(sizeof(std::int32_t)));
}

Index steps_a_read(const DatasetInfo& info) {
  return std::max<Index>(1, bytes_a_read / std::max<Index>(1, info.step_bytes()));
}

}  // namespace hourglass
