#include "hdf5/dialect.hpp"

#include <algorithm>

#include "hdf5/anndata.hpp"
#include "hdf5/cf_decoding.hpp"
#include "hdf5/foreign_attributes.hpp"
#include "hdf5/matlab.hpp"
#include "hdf5/narrow_type.hpp"
#include "hdf5/netcdf.hpp"
#include "hdf5/nexus.hpp"
#include "hdf5/pandas_store.hpp"
#include "hdf5/sparse_matrix.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass::hdf5 {

namespace {

Handle type_of(hid_t dataset, const std::string& name) {
  return {checked(H5Dget_type(dataset), name, "its type cannot be read"), H5Tclose};
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

int dimensions_of(hid_t file, const std::string& path) {
  const OpenedObject object = open_object(file, path);
  const Handle space(H5Dget_space(object.handle.get()), H5Sclose);
  return H5Sget_simple_extent_ndims(space.get());
}

std::string netcdf_samples(hid_t file, const std::string& file_name) {
  const auto variables = data_variables(file);
  std::vector<std::string> tables;
  std::ranges::copy_if(variables, std::back_inserter(tables),
                       [&](const std::string& path) { return dimensions_of(file, path) >= 2; });
  const auto& candidates = tables.empty() ? variables : tables;
  if (candidates.size() == 1) return candidates.front();
  if (candidates.empty()) return "";
  throw Error(ErrorKind::data, file_name + ": is a netCDF file of several variables: " +
                                   variable_listing(file, candidates) + "; name one: " + file_name +
                                   ":/" + candidates.front().substr(1));
}

std::string pandas_samples(hid_t file, const std::string& file_name) {
  const auto found = frames(file);
  if (found.size() == 1) return values_of_frame(file, file_name, found.front());
  if (found.empty()) return "";
  throw Error(ErrorKind::data, file_name + ": holds several pandas data frames: " + joined(found) +
                                   "; name one: " + file_name + ":" + found.front());
}

}  // namespace

StoredForm stored_form(hid_t file, hid_t dataset, const DatasetAddress& address) {
  const std::string name = to_string(address);
  StoredForm form;
  if (is_matlab_variable(dataset)) require_matlab_numbers(file, dataset, name);
  const Handle type = type_of(dataset, name);
  ElementType element{};
  form.units = text_attribute(dataset, "units");
  if (H5Tget_class(type.get()) == H5T_COMPOUND) {
    form.columns = compound_columns(type.get(), address, index_fields(file, address.path));
    form.decoding.stored = form.decoding.result = form.columns.type;
    return form;
  }
  if (H5Tget_class(type.get()) == H5T_OPAQUE && H5Tget_size(type.get()) == 2) {
    throw Error(ErrorKind::data,
                name +
                    ": holds 2 bytes per element without a number type (opaque), as h5py stores "
                    "NumPy's bfloat16: store its bits as uint16 with the attribute dtype = "
                    "\"bfloat16\"");
  }
  if (!element_type_of(type.get(), element)) {
    throw Error(
        ErrorKind::data,
        name + ": holds " + describe_type(type.get()) +
            ", which cannot be read; integers of up to 64 bits and float16, float32, float64 can");
  }
  form.in_file = element;
  const NarrowFloat narrow = narrow_float(type.get(), text_attribute(dataset, "dtype"));
  if (narrow != NarrowFloat::none && element == ElementType::u16) {
    form.decoding.narrow = narrow;
    form.decoding.stored = ElementType::u16;
    return form;
  }
  form.column_major = is_matlab_variable(dataset);
  if (form.column_major) {
    form.decoding.stored = form.decoding.result = element;
  } else {
    form.decoding = cf_decoding(file, dataset, element, name);
    if (narrow != NarrowFloat::none && !form.decoding.decodes()) {
      form.decoding.narrow = narrow;
      form.decoding.stored = ElementType::u16;
      form.narrow = narrow_memory_type(type.get(), name);
    }
  }
  return form;
}

std::vector<std::string> feature_names(hid_t file, hid_t dataset, const std::string& path,
                                       const StoredForm& form, Index count) {
  const auto fits = [&](const std::vector<std::string>& names) {
    return static_cast<Index>(names.size()) == count;
  };
  for (const char* attribute : {"feature_names", "column_names", "columns", "names"}) {
    auto names = texts_attribute(dataset, attribute);
    if (fits(names)) return names;
  }
  auto names = column_names(file, path, form.columns.names, count);
  if (names.empty() && form.is_compound() && fits(form.columns.names)) names = form.columns.names;
  if (names.empty()) names = variable_names(file, path, count);
  if (names.empty()) names = coordinate_names(file, dataset, count);
  return names;
}

std::string samples_of_dialect(hid_t file, const std::string& file_name) {
  if (is_anndata(file)) return anndata_samples(file, file_name);
  std::string path = tenx_samples(file, file_name);
  if (!path.empty()) return path;
  if (is_pytables(file)) path = pandas_samples(file, file_name);
  if (path.empty() && is_netcdf(file)) path = netcdf_samples(file, file_name);
  return path.empty() ? nexus_signal(file) : path;
}

std::string dataset_of_group(hid_t file, hid_t group, const DatasetAddress& address) {
  const std::string name = to_string(address);
  const SparseKind sparse = sparse_kind(group, name);
  if (sparse != SparseKind::none) refuse_sparse(sparse, address, name + ": is " + describe(sparse));
  if (text_attribute(group, "MATLAB_class") == "struct") {
    throw Error(ErrorKind::data,
                name + ": is a MATLAB struct; name a field of it: " + listing(file, address.path));
  }
  if (is_frame(group)) return values_of_frame(file, address.file, address.path);
  if (text_attribute(group, "NX_class") == "NXdata") {
    const std::string signal = text_attribute(group, "signal");
    if (!signal.empty()) return address.path + "/" + signal;
  }
  return "";
}

bool may_be_samples(hid_t dataset, const std::string& path) {
  if (text_attribute(dataset, "CLASS") == "DIMENSION_SCALE") return false;
  if (path.find("/_i_") != std::string::npos || path.starts_with("/#")) return false;
  return !is_matlab_variable(dataset) || is_matlab_numbers(dataset);
}

}  // namespace hourglass::hdf5
