#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hourglass/comm/communicator.hpp"
#include "hourglass/core/types.hpp"
#include "import/import.hpp"
#include "import/row_sources.hpp"
#include "import/sparse_reader.hpp"

namespace hourglass {

using SparseReaders = std::vector<std::unique_ptr<SparseReader>>;

/// Samples, one source after the other, with their labels, which may come from other sources.
struct SparseSources {
  SparseReaders samples;
  RowReaders labels;               ///< or none
  std::vector<std::string> notes;  ///< what was found in them, for the user
};

/// Result of an import of sparse samples.
struct SparseImportResult {
  Index samples = 0;
  Index features = 0;
  Index elements = 0;
  Index labels = 0;  ///< 0 when there were none
  ElementType type = ElementType::f32;
};

/// Copies samples, one source after the other, to a sparse matrix in AnnData's layout:
/// <output.path>/X (csr_matrix: data, indices of 32 bits, indptr of 64), with the names of samples
/// and features in <output.path>/obs and var, numbers where there are none, and with the labels as
/// the column obs/labels, whose attribute class_names has the names of classes; at the root, the
/// file is an AnnData file. Features are those of the first source: by name where all have names,
/// whatever their order; features that the first does not have are left out. Ranks share the
/// samples; what is interrupted is continued by the next import of the same, as in import_rows.
/// Collective; throws the same Error on every rank: Error(data), naming both, when sources differ
/// in type or in their features, and for labels as in import_rows; Error(usage) when the group has
/// such a matrix already; what the readers throw; Error(io).
SparseImportResult import_sparse(const Communicator& communicator, const SparseSources& sources,
                                 const ImportSettings& settings);

}  // namespace hourglass
