#include "hdf5/sparse_matrix.hpp"

#include <fmt/format.h>

#include "hdf5/foreign_attributes.hpp"

namespace hourglass::hdf5 {

namespace {

enum class Kind { none, csr, csc, tenx, matlab };

Kind kind_of(hid_t group) {
  if (has_foreign_attribute(group, "MATLAB_sparse")) return Kind::matlab;
  const std::string encoding = text_attribute(group, "encoding-type");
  const std::string old = text_attribute(group, "h5sparse_format");
  if (encoding == "csr_matrix" || old == "csr") return Kind::csr;
  if (encoding == "csc_matrix" || old == "csc") return Kind::csc;
  return has_links(group, {"data", "indices", "indptr", "shape"}) ? Kind::tenx : Kind::none;
}

// How SciPy makes the matrix of the group g, as s = scipy.sparse.
std::string matrix_expression(hid_t group) {
  const char* const shape =
      has_foreign_attribute(group, "h5sparse_shape") ? "h5sparse_shape" : "shape";
  constexpr const char* arrays = "(g['data'][:], g['indices'][:], g['indptr'][:])";
  switch (kind_of(group)) {
    case Kind::csr:
      return fmt::format("s.csr_matrix({}, g.attrs['{}']).toarray()", arrays, shape);
    case Kind::csc:
      return fmt::format("s.csc_matrix({}, g.attrs['{}']).toarray()", arrays, shape);
    case Kind::matlab:
      return "s.csc_matrix((g['data'][:], g['ir'][:], g['jc'][:]), (g.attrs['MATLAB_sparse'], "
             "len(g['jc']) - 1)).toarray()";
    default:
      return fmt::format("s.csc_matrix({}, g['shape'][:]).T.toarray()", arrays);
  }
}

}  // namespace

std::string describe_sparse(hid_t group) {
  switch (kind_of(group)) {
    case Kind::csr:
      return "a sparse matrix (CSR)";
    case Kind::csc:
      return "a sparse matrix (CSC)";
    case Kind::matlab:
      return "a sparse matrix of MATLAB";
    case Kind::tenx:
      return "a sparse matrix of 10x Genomics, of which each column is a sample";
    case Kind::none:
      break;
  }
  return "";
}

std::string dense_advice(hid_t group, const std::string& file, const std::string& path) {
  return fmt::format(
      "; make it dense: python3 -c \"import h5py, scipy.sparse as s; g = h5py.File('{}')['{}']; "
      "h5py.File('dense.h5', 'w')['x'] = {}\" and name dense.h5:/x",
      file, path, matrix_expression(group));
}

}  // namespace hourglass::hdf5
