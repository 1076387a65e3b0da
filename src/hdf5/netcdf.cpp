#include "hdf5/netcdf.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "hdf5/foreign_attributes.hpp"

namespace hourglass::hdf5 {

namespace {

constexpr std::size_t most_variables = 1000;

bool is_scale(hid_t dataset) { return text_attribute(dataset, "CLASS") == "DIMENSION_SCALE"; }

std::string last_part(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// netCDF names a dimension without coordinates so.
bool is_bare_dimension(hid_t scale) {
  return text_attribute(scale, "NAME").starts_with("This is a netCDF dimension but not");
}

}  // namespace

bool is_netcdf(hid_t file) { return has_foreign_attribute(file, "_NCProperties"); }

std::vector<std::string> dimension_names(hid_t dataset) {
  std::vector<std::string> names;
  for (const std::string& path : referenced_paths(dataset, "DIMENSION_LIST"))
    names.push_back(last_part(path));
  return names;
}

std::vector<std::string> coordinate_names(hid_t file, hid_t dataset, Index count) {
  const auto scales = referenced_paths(dataset, "DIMENSION_LIST");
  if (scales.size() != 2 || scales[1].empty()) return {};
  const OpenedObject scale = open_object(file, scales[1]);
  if (scale.kind != H5I_DATASET || is_bare_dimension(scale.handle.get())) return {};
  auto names = texts_of(scale.handle.get());
  if (!names.empty()) return static_cast<Index>(names.size()) == count ? names : decltype(names)();
  const Handle type(H5Dget_type(scale.handle.get()), H5Tclose);
  const Handle space(H5Dget_space(scale.handle.get()), H5Sclose);
  ElementType element{};
  if (!element_type_of(type.get(), element) ||
      H5Sget_simple_extent_npoints(space.get()) != static_cast<hssize_t>(count) ||
      H5Dget_storage_size(scale.handle.get()) == 0) {
    return {};
  }
  std::vector<double> values(static_cast<std::size_t>(count));
  if (H5Dread(scale.handle.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) <
      0) {
    H5Eclear2(H5E_DEFAULT);
    return {};
  }
  const std::string dimension = last_part(scales[1]);
  for (const double value : values) {
    names.push_back(element == ElementType::f32
                        ? fmt::format("{}={}", dimension, static_cast<float>(value))
                        : fmt::format("{}={}", dimension, value));
  }
  return names;
}

std::vector<std::string> data_variables(hid_t file) {
  std::vector<std::string> variables;
  std::set<std::string> auxiliary;
  for (const std::string& path : list_datasets(file, most_variables)) {
    const OpenedObject object = open_object(file, path);
    if (object.kind != H5I_DATASET) continue;
    const hid_t dataset = object.handle.get();
    const std::string group = path.substr(0, path.rfind('/') + 1);
    for (const char* attribute : {"bounds", "climatology", "coordinates", "grid_mapping",
                                  "ancillary_variables", "cell_measures"}) {
      std::istringstream words(text_attribute(dataset, attribute));
      for (std::string word; words >> word;) auxiliary.insert(group + word);
    }
    const Handle type(H5Dget_type(dataset), H5Tclose);
    const Handle space(H5Dget_space(dataset), H5Sclose);
    ElementType element{};
    if (type.get() < 0 || space.get() < 0 || is_scale(dataset) ||
        !element_type_of(type.get(), element) || H5Sget_simple_extent_ndims(space.get()) < 1) {
      continue;
    }
    variables.push_back(path);
  }
  std::erase_if(variables, [&](const std::string& path) { return auxiliary.contains(path); });
  return variables;
}

std::string variable_listing(hid_t file, const std::vector<std::string>& variables) {
  constexpr std::size_t shown = 10;
  std::string text = "it holds ";
  for (std::size_t i = 0; i < std::min(shown, variables.size()); ++i) {
    const OpenedObject object = open_object(file, variables[i]);
    const Handle space(H5Dget_space(object.handle.get()), H5Sclose);
    std::vector<hsize_t> sizes(
        static_cast<std::size_t>(std::max(0, H5Sget_simple_extent_ndims(space.get()))));
    if (!sizes.empty()) H5Sget_simple_extent_dims(space.get(), sizes.data(), nullptr);
    const auto names = dimension_names(object.handle.get());
    std::string shape;
    for (std::size_t d = 0; d < sizes.size(); ++d) {
      const std::string dimension = d < names.size() && !names[d].empty() ? names[d] + " " : "";
      shape += fmt::format("{}{}{}", d == 0 ? "" : " x ", dimension, sizes[d]);
    }
    text += fmt::format("{}{} ({})", i == 0 ? "" : ", ", variables[i], shape);
  }
  if (variables.size() > shown) text += fmt::format(" and {} more", variables.size() - shown);
  return text;
}

}  // namespace hourglass::hdf5
