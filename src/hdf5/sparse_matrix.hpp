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

/// A sparse matrix with what its file says of it.
struct SparseGroup {
  DatasetAddress address;
  SparseKind kind = SparseKind::none;
  Index samples = 0;  ///< where they can be read, or imported
  Index features = 0;
  std::vector<std::string> feature_names;  ///< or none
  std::vector<std::string> sample_names;   ///< or none
};
/// What an address of one data set means, if it is a sparse matrix. `to_import`: with the names of
/// its samples, which may be many, and the X of an AnnData file however it is stored. Takes the
/// Lock. Throws as DatasetReader does.
[[nodiscard]] SparseGroup find_sparse(const DatasetAddress& address, bool to_import = false);

/// "a sparse matrix (CSR)" and so on; "" for none.
[[nodiscard]] std::string describe(SparseKind kind);

/// Throws Error(data) for a matrix that is not by samples: `name` is what `what` is said of, with
/// the command that turns the matrix `path` of `file`.
[[noreturn]] void refuse_sparse(SparseKind kind, const DatasetAddress& matrix,
                                const std::string& what);

}  // namespace hourglass::hdf5
