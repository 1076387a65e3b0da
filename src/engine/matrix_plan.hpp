#pragma once

#include <span>
#include <vector>

#include "core/layout.hpp"
#include "engine/segment_runs.hpp"
#include "hourglass/core/types.hpp"
#include "optim/matrix_rule.hpp"

namespace hourglass {

/// Whole rows of a weight matrix, the unit that a rank works on: all its rows unless the rule wants
/// smaller blocks.
struct MatrixBand {
  Slot slot = 0;
  Range rows;
  Range floats;  ///< of the arena, without padding
  int rank = 0;  ///< which works on it
};

/// A part of a band with state of its own, transformed by one worker.
struct MatrixBlock {
  std::size_t band = 0;
  Range rows;        ///< of the matrix
  Range columns;     ///< of the matrix
  Index number = 0;  ///< within the matrix, row by row
  Index row_of_blocks = 0;
  Index column_of_blocks = 0;
  Index turn = 0;    ///< refreshed in steps t with t % interval == turn
  Index worker = 0;  ///< of the band's rank
  double flops = 0;
};

/// Which rank and worker works on which part of the weight matrices, and when roots are due: pure
/// arithmetic on shapes, ranks and workers. Bands and blocks (and the turns) depend on the shapes
/// alone, so that ranks and workers change nothing but the place of the work.
///
/// Bands go to ranks, and a rank's blocks to its workers, largest first, each to the least loaded.
/// The blocks' turns are spread over the interval in groups of at least two of the largest, the
/// next largest, and so on: two ranks have a root each at the same time, instead of waiting for
/// each other in turns.
struct MatrixPlan {
  std::vector<MatrixBand> bands;    ///< in arena order
  std::vector<MatrixBlock> blocks;  ///< by band
};
[[nodiscard]] MatrixPlan plan_matrices(const Layout& layout, std::span<const TensorGroup> groups,
                                       const MatrixRule& rule, int ranks, Index workers);

}  // namespace hourglass
