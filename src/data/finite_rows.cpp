#include "data/finite_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "data/element.hpp"
#include "data/missing_values.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

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

std::string feature_text(const DatasetInfo& info, Index feature) {
  const auto i = static_cast<std::size_t>(feature);
  const std::string number = "feature " + std::to_string(feature);
  return i < info.feature_names.size() ? number + ", " + info.feature_names[i] : number;
}

}  // namespace

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
  const std::string where = reader.where(runs[run].begin + place);
  const std::string feature = feature_text(info, bad % info.features());
  const std::string found = describe(info.type, bytes.data(), bad, missing);
  if (found == "a NaN" && !info.missing.empty()) {
    throw Error(ErrorKind::data, where + " holds a missing value (" + feature +
                                     "), which the file marks by " + info.missing +
                                     "; drop such rows, or train with --missing mask");
  }
  // Only what counts as missing can be masked.
  const char* const advice =
      found.starts_with("an infinity") || found.starts_with("a number")
          ? "; clean the data: drop such rows or replace such values"
          : "; clean the data: drop such rows or replace such values, or train with --missing mask";
  throw Error(ErrorKind::data, where + " holds " + found + " (" + feature + ")" + advice);
}

Index rows_a_read(const DatasetInfo& info) {
  return std::max<Index>(1, (Index{8} << 20) / std::max<Index>(1, info.row_bytes()));
}

}  // namespace hourglass
