#include "data/finite_rows.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "data/element.hpp"
#include "data/normalization.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

std::string describe(ElementType type, const std::byte* stored, Index element) {
  const auto i = static_cast<std::size_t>(element);
  const double value = type == ElementType::f32
                           ? static_cast<double>(load_element<float>(stored, i))
                           : load_element<double>(stored, i);
  if (std::isnan(value)) return "a NaN";
  if (std::isinf(value)) return "an infinity";
  return "a number beyond the range of single precision";
}

std::string feature_text(const DatasetInfo& info, Index feature) {
  const auto i = static_cast<std::size_t>(feature);
  const std::string number = "feature " + std::to_string(feature);
  return i < info.feature_names.size() ? number + ", " + info.feature_names[i] : number;
}

}  // namespace

void read_finite_rows(const DatasetReader& reader, Range rows, std::span<std::byte> bytes) {
  if (!rows.empty()) read_finite_runs(reader, {&rows, 1}, bytes);
}

void read_finite_runs(const DatasetReader& reader, std::span<const Range> runs,
                      std::span<std::byte> bytes) {
  reader.read_runs(runs, bytes);
  const DatasetInfo& info = reader.info();
  const Index bad = first_non_finite(info.type, bytes);
  if (bad < 0) return;
  Index place = bad / info.features();
  std::size_t run = 0;
  while (place >= runs[run].size()) place -= runs[run++].size();
  const std::string where = reader.where(runs[run].begin + place);
  const std::string what = describe(info.type, bytes.data(), bad);
  const std::string feature = feature_text(info, bad % info.features());
  if (what == "a NaN" && !info.missing.empty()) {
    throw Error(ErrorKind::data, where + " holds a missing value (" + feature +
                                     "), which the file marks by " + info.missing +
                                     "; drop such rows or replace such values");
  }
  throw Error(ErrorKind::data, where + " holds " + what + " (" + feature +
                                   "); clean the data: drop such rows or replace such values");
}

Index rows_a_read(const DatasetInfo& info) {
  return std::max<Index>(1, (Index{8} << 20) / std::max<Index>(1, info.row_bytes()));
}

}  // namespace hourglass
