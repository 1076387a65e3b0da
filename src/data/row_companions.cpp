#include "data/row_companions.hpp"

#include <fmt/format.h>

#include "core/counted.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

DatasetAddress companion_of_rows(const std::string& address, const DatasetInfo& samples,
                                 const char* noun) {
  DatasetAddress companion = parse_address(address);
  companion.options = samples.address.options;
  companion.options.views = {};
  companion.options.target.clear();
  const RowViews& views = samples.address.options.views;
  DatasetAddress origin = samples.address;
  origin.options.views = {};
  // A choice of rows would hide that there are more.
  const Index rows = views == RowViews{} ? samples.rows() : DatasetReader(origin).info().rows();
  const Index held = DatasetReader(companion).info().rows();
  if (held != rows) {
    throw Error(ErrorKind::data,
                fmt::format("{}: {} for {} of {}", to_string(companion), counted(held, noun),
                            counted(rows, "row"), to_string(origin)));
  }
  companion.options.views = views;
  companion.options.views.columns.clear();
  return companion;
}

}  // namespace hourglass
