#include "hdf5/sparse_matrix.hpp"

#include <fmt/format.h>

#include <array>
#include <variant>

#include "hdf5/anndata.hpp"
#include "hdf5/foreign_attributes.hpp"
#include "hdf5/only_samples.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass::hdf5 {

namespace {

// Elements of a one-dimensional data set, or -1.
Index length_of(hid_t group, const char* link) {
  const OpenedObject object = open_object(group, link);
  if (object.kind != H5I_DATASET) return -1;
  const Handle space(H5Dget_space(object.handle.get()), H5Sclose);
  const hssize_t count = H5Sget_simple_extent_npoints(space.get());
  return H5Sget_simple_extent_ndims(space.get()) == 1 ? static_cast<Index>(count) : -1;
}

const char* shape_attribute(hid_t group) {
  for (const char* name : {"shape", "h5sparse_shape"}) {
    if (has_foreign_attribute(group, name)) return name;
  }
  return nullptr;
}

std::vector<Index> stored_shape(hid_t group) {
  const OpenedObject object = open_object(group, "shape");
  ElementType type{};
  if (object.kind != H5I_DATASET || length_of(group, "shape") != 2) return {};
  const Handle stored(H5Dget_type(object.handle.get()), H5Tclose);
  std::array<Index, 2> numbers{};
  if (!element_type_of(stored.get(), type) || !is_integer(type) ||
      H5Dread(object.handle.get(), H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT,
              numbers.data()) < 0) {
    H5Eclear2(H5E_DEFAULT);
    return {};
  }
  return {numbers.begin(), numbers.end()};
}

std::vector<Index> attribute_shape(hid_t group, const char* attribute, const std::string& name) {
  std::vector<Index> shape;
  const Numbers numbers = numbers_attribute(group, attribute, name);
  for (const Number& number : numbers.values) {
    const auto* const whole = std::get_if<std::int64_t>(&number);
    const auto* const natural = std::get_if<std::uint64_t>(&number);
    if (whole != nullptr) shape.push_back(*whole);
    if (natural != nullptr)
      shape.push_back(*natural > largest_size ? -1 : static_cast<Index>(*natural));
  }
  return shape;
}

}  // namespace

std::vector<Index> sparse_shape(hid_t group, const std::string& name) {
  const char* const attribute = shape_attribute(group);
  std::vector<Index> shape =
      attribute != nullptr ? attribute_shape(group, attribute, name) : stored_shape(group);
  if (shape.size() != 2 || shape[0] < 0 || shape[1] < 0)
    throw Error(ErrorKind::data, name + ": its shape is not two whole numbers, rows and columns");
  return shape;
}

SparseKind sparse_kind(hid_t group, const std::string& name) {
  if (has_foreign_attribute(group, "MATLAB_sparse")) return SparseKind::matlab;
  const std::string encoding = text_attribute(group, "encoding-type");
  const std::string old = text_attribute(group, "h5sparse_format");
  if (encoding == "csr_matrix" || old == "csr") return SparseKind::csr;
  if (encoding == "csc_matrix" || old == "csc") return SparseKind::csc;
  if (!has_links(group, {"data", "indices", "indptr"})) return SparseKind::none;
  if (has_links(group, {"barcodes"})) return SparseKind::tenx;
  if (shape_attribute(group) == nullptr && !has_links(group, {"shape"})) return SparseKind::none;
  const std::vector<Index> shape = sparse_shape(group, name);
  const Index pointers = length_of(group, "indptr");
  if (shape[0] == shape[1]) return SparseKind::square;
  return pointers == shape[1] + 1 ? SparseKind::csc : SparseKind::csr;
}

SparseGroup find_sparse(const DatasetAddress& address, bool to_import) {
  const Lock lock;
  SparseGroup found{address, SparseKind::none, 0, 0, {}, {}};
  const Handle file = open_file(address.file);
  if (address.path.empty()) {
    const bool x =
        to_import && is_anndata(file.get()) && open_object(file.get(), "/X").kind == H5I_GROUP;
    found.address.path = x ? "/X" : only_samples(file.get(), address.file);
  }
  std::string& path = found.address.path;
  auto object = open_object(file.get(), path, address.options.allow_external);
  if (object.kind == H5I_GROUP &&
      text_attribute(object.handle.get(), "encoding-type") == "anndata") {
    path += "/X";
    object = open_object(file.get(), path, address.options.allow_external);
  }
  if (object.kind != H5I_GROUP) return found;
  const hid_t group = object.handle.get();
  found.kind = sparse_kind(group, to_string(found.address));
  const bool tenx = found.kind == SparseKind::tenx;
  const bool turned = to_import && found.kind == SparseKind::csc;
  if (!is_by_samples(found.kind) && !turned) return found;
  const std::vector<Index> shape = sparse_shape(group, to_string(found.address));
  found.samples = shape[tenx ? 1 : 0];
  found.features = shape[tenx ? 0 : 1];
  found.feature_names =
      tenx ? tenx_names(group, found.features) : variable_names(file.get(), path, found.features);
  if (to_import) {
    found.sample_names = tenx ? tenx_barcodes(group, found.samples)
                              : observation_names(file.get(), path, found.samples);
  }
  return found;
}

std::string describe(SparseKind kind) {
  switch (kind) {
    case SparseKind::csr:
      return "a sparse matrix (CSR)";
    case SparseKind::csc:
      return "a sparse matrix stored by columns (CSC)";
    case SparseKind::matlab:
      return "a sparse matrix of MATLAB";
    case SparseKind::tenx:
      return "a sparse matrix of 10x Genomics, of which each column is a sample";
    case SparseKind::square:
      return "a square sparse matrix that does not say whether it is stored by rows or by columns";
    case SparseKind::none:
      break;
  }
  return "";
}

void refuse_sparse(SparseKind kind, const DatasetAddress& matrix, const std::string& what) {
  std::string advice;
  if (kind == SparseKind::square) {
    advice = fmt::format(
        "; say which (csr_matrix: by rows): python3 -c \"import h5py; h5py.File('{}', 'a')['{}']."
        "attrs['encoding-type'] = 'csr_matrix'\"",
        matrix.file, matrix.path);
  } else if (kind == SparseKind::matlab) {
    advice = fmt::format(
        "; make it dense: python3 -c \"import h5py, scipy.sparse as s; g = h5py.File('{}')['{}']; "
        "h5py.File('dense.h5', 'w')['x'] = s.csc_matrix((g['data'][:], g['ir'][:], g['jc'][:]), "
        "(g.attrs['MATLAB_sparse'], len(g['jc']) - 1)).toarray()\" and name dense.h5:/x",
        matrix.file, matrix.path);
  } else {
    advice = fmt::format(
        "; make rows of it: hourglass import {}:{} --sparse --output rows.h5 and name rows.h5",
        matrix.file, matrix.path);
  }
  throw Error(ErrorKind::data, what + advice);
}

}  // namespace hourglass::hdf5
