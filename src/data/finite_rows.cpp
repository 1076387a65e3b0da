#include "data/finite_rows.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "data/normalization.hpp"
#include "hdf5/element.hpp"
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

}  // namespace

void read_finite_rows(const DatasetReader& reader, Range rows, std::span<std::byte> bytes) {
  reader.read_rows(rows, bytes);
  const DatasetInfo& info = reader.info();
  const Index bad = first_non_finite(info.type, bytes);
  if (bad < 0) return;
  throw Error(ErrorKind::data, reader.where(rows.begin + bad / info.features()) + " holds " +
                                   describe(info.type, bytes.data(), bad) + " (feature " +
                                   std::to_string(bad % info.features()) +
                                   "); clean the data: drop such rows or replace such values");
}

Index rows_a_read(const DatasetInfo& info) {
  return std::max<Index>(1, (Index{8} << 20) / std::max<Index>(1, info.row_bytes()));
}

}  // namespace hourglass
