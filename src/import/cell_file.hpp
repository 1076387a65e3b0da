#pragma once

#include <string>

#include "hourglass/comm/communicator.hpp"
#include "import/cell_counts.hpp"

namespace hourglass {

/// How simulated cells are stored.
struct CellFile {
  std::string path;
  int compression = 0;  ///< level of deflate; rank 0 then does all the work
  bool truth = false;   ///< lost counts and true shares too
  std::string origin;   ///< the command, kept in the file
};

/// Numbers of counts above 0.
struct CellEntries {
  Index kept = 0;
  Index lost = 0;
};

/// Writes an AnnData file: X (CSR, float32); obs with the categorical columns group and batch and
/// the true `library`; var with `inverse_dispersion`; with `truth` the counts lost by dropout in
/// layers/dropped and the genes' true shares of every group and batch in varm/shares (genes x
/// groups * batches, column group * batches + batch). Cells are made twice, to count and to write,
/// and few of them are in memory at once. Collective; throws the same Error on every rank:
/// Error(usage) when the file exists, Error(io).
CellEntries write_cells(const Communicator& communicator, const CellCounts& cells,
                        const CellFile& file);

}  // namespace hourglass
