#pragma once

#include <string>

#include "hdf5/hdf5_handle.hpp"

/// Sparse matrices as AnnData, 10x Genomics and MATLAB store them: groups of data, indices and
/// pointers. The caller holds the Lock.
namespace hourglass::hdf5 {

/// "a sparse matrix (csr_matrix)" when the group is one, else "".
[[nodiscard]] std::string describe_sparse(hid_t group);

/// The end of a message about the sparse matrix `path` of `file`: the command of Python that
/// stores it as a data set with a sample per row.
[[nodiscard]] std::string dense_advice(hid_t group, const std::string& file,
                                       const std::string& path);

}  // namespace hourglass::hdf5
