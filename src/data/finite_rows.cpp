#include "data/finite_rows.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "data/normalization.hpp"
#include "hdf5/element.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr Index bytes_a_read = Index{8} << 20;

std::string describe(ElementType type, const std::byte* stored, Index element) {
  const auto i = static_cast<std::size_t>(element);
  const double value = type == ElementType::f32
                           ? static_cast<double>(load_element<float>(stored, i))
                           : load_element<double>(stored, i);
  if (std::isnan(value)) return "a NaN";
  if (std::isinf(value)) return "an infinity";
  return "a number beyond the range of single precision";
}

[[noreturn]] void refuse(const ElementPlace& place, const std::string& what) {
  throw Error(ErrorKind::data, place.row + " holds " + what + " (feature " +
                                   std::to_string(place.feature) +
                                   "); clean the data: drop such rows or replace such values");
}

}  // namespace

void read_finite_rows(const DatasetReader& reader, Range rows, std::span<std::byte> bytes) {
  reader.read_rows(rows, bytes);
  const DatasetInfo& info = reader.info();
  const Index bad = first_non_finite(info.type, bytes);
  if (bad < 0) return;
  refuse(reader.place(rows.begin + bad / info.features(), bad % info.features()),
         describe(info.type, bytes.data(), bad));
}

void read_finite_steps(const DatasetReader& reader, Range steps, std::span<std::byte> bytes) {
  reader.read_steps(steps, bytes);
  const DatasetInfo& info = reader.info();
  const Index bad = first_non_finite(info.type, bytes);
  if (bad < 0) return;
  const Index features = info.features() / info.steps.length();
  refuse(reader.place_in_step(steps.begin + bad / features, bad % features),
         describe(info.type, bytes.data(), bad));
}

Index rows_a_read(const DatasetInfo& info) {
  return std::max<Index>(1, bytes_a_read / std::max<Index>(1, info.row_bytes()));
}

Index steps_a_read(const DatasetInfo& info) {
  return std::max<Index>(1, bytes_a_read / std::max<Index>(1, info.step_bytes()));
}

}  // namespace hourglass
