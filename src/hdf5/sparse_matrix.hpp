#pragma once

#include <string>
#include <vector>

#include "hdf5/hdf5_handle.hpp"

/// Sparse matrices as AnnData, 10x Genomics and MATLAB store them: groups of data, indices and
/// pointers. The caller holds the Lock.
namespace hourglass::hdf5 {

enum class SparseKind {
  none,
  csr,     ///< a row after the other, and a row is a sample
  csc,     ///< a column after the other, and a row is a sample
  tenx,    ///< a column after the other, and a column is a sample
  square,  ///< by rows or by columns: nothing tells
  matlab,
};

/// By attributes and links, and where these do not tell, by the number of pointers. Throws
/// Error(data) for a shape that cannot be read; `name` stands for the group in messages.
[[nodiscard]] SparseKind sparse_kind(hid_t group, const std::string& name);
/// Whether its samples lie one after the other, so that rows of them can be read.
[[nodiscard]] inline bool is_by_samples(SparseKind kind) {
  return kind == SparseKind::csr || kind == SparseKind::tenx;
}

/// Rows and columns as the attribute or data set "shape" says: not negative. Throws Error(data).
[[nodiscard]] std::vector<Index> sparse_shape(hid_t group, const std::string& name);

/// "a sparse matrix (CSR)" and so on; "" for none.
[[nodiscard]] std::string describe(SparseKind kind);

/// Throws Error(data) for a matrix that is not by samples: `name` is what `what` is said of, with
/// the command that turns the matrix `path` of `file`.
[[noreturn]] void refuse_sparse(hid_t group, SparseKind kind, const DatasetAddress& matrix,
                                const std::string& what);

}  // namespace hourglass::hdf5
