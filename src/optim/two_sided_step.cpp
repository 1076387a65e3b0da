#include "optim/two_sided_step.hpp"

#include <algorithm>

#include "core/scratch_arena.hpp"
#include "optim/rounded_product.hpp"

namespace hourglass {

void take_two_sided_step(const MatrixStep& step, const Graft& graft, double momentum, bool bfloat16,
                         const TwoSidedState& state, Matrix block, std::span<float> scratch) {
  const PhaseSpan span(step.recorder, Phase::precondition, 0,
                       two_sided_flops(block.rows, block.columns));
  add_to_momentum(momentum, block, state.momentum);
  const double norm = graft.norm(step.step, block, state.momentum, state.variance);
  ScratchArena arena(scratch);
  const Matrix half = arena.allocate(block.rows, block.columns);
  product(bfloat16, state.left, state.momentum, half, arena.rest());
  product(bfloat16, half, state.right, block, arena.rest());
  scale_to_norm(norm, block);
}

Index two_sided_scratch_floats(Index rows, Index columns) {
  return ScratchArena::floats_of(rows, columns) +
         std::max(rounded_product_scratch_floats(rows, rows, columns),
                  rounded_product_scratch_floats(rows, columns, columns));
}

double two_sided_flops(Index rows, Index columns) {
  return 2 * static_cast<double>(rows * columns) * static_cast<double>(rows + columns);
}

}  // namespace hourglass
