#include "hdf5/matlab.hpp"

#include <algorithm>
#include <array>

#include "hdf5/foreign_attributes.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass::hdf5 {

namespace {

constexpr std::array<std::string_view, 11> number_classes = {"double", "single", "logical", "int8",
                                                             "uint8",  "int16",  "uint16",  "int32",
                                                             "uint32", "int64",  "uint64"};

bool is_number_class(const std::string& name) {
  return std::ranges::find(number_classes, name) != number_classes.end();
}

}  // namespace

bool is_matlab_variable(hid_t dataset) { return has_foreign_attribute(dataset, "MATLAB_class"); }

bool is_matlab_numbers(hid_t dataset) {
  return !has_foreign_attribute(dataset, "MATLAB_empty") &&
         is_number_class(text_attribute(dataset, "MATLAB_class"));
}

void require_matlab_numbers(hid_t file, hid_t dataset, const std::string& name) {
  const std::string kind = text_attribute(dataset, "MATLAB_class");
  if (has_foreign_attribute(dataset, "MATLAB_empty")) {
    throw Error(ErrorKind::data,
                name + ": is an empty MATLAB array; name another variable: " + listing(file, ""));
  }
  if (is_number_class(kind)) return;
  if (kind == "cell") {
    throw Error(ErrorKind::data, name +
                                     ": is a MATLAB cell array; save the matrix as a variable of "
                                     "its own: x = vertcat(NAME{:}); save('x.mat', 'x', '-v7.3')");
  }
  throw Error(ErrorKind::data, name + ": is a MATLAB variable of class " + kind +
                                   ", not numbers; name another variable: " + listing(file, ""));
}

}  // namespace hourglass::hdf5
