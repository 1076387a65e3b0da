#include "optim/gradient_statistics.hpp"

#include <algorithm>
#include <cmath>

#include "core/scratch_arena.hpp"
#include "math/bfloat16_product.hpp"
#include "math/symmetric.hpp"
#include "math/transpose.hpp"
#include "optim/growing_interval.hpp"
#include "optim/rounded_product.hpp"

namespace hourglass {

namespace {

// Of the gradient rounded to bfloat16. A product has no factor: its root is in both of its own.
void update_rounded(float decay, ConstMatrix gradient, Matrix left, Matrix right,
                    std::span<float> scratch) {
  ScratchArena arena(scratch);
  const Index rows = gradient.rows;
  const Index columns = gradient.columns;
  const MatrixView<Bfloat16> rounded = allocate_rounded(rows, columns, arena);
  const MatrixView<Bfloat16> transposed = allocate_rounded(columns, rows, arena);
  const float factor = std::sqrt(1 - decay);
  for (Index r = 0; r < rows; ++r) {
    const std::span<const float> from = gradient.row(r);
    const std::span<Bfloat16> to = rounded.row(r);
    for (std::size_t c = 0; c < to.size(); ++c) to[c] = to_bfloat16(factor * from[c]);
  }
  transpose(rounded, transposed);
  upper_bfloat16_product(true, rounded, rounded, decay, left, arena.rest());
  mirror_upper_triangle(left);
  upper_bfloat16_product(false, transposed, rounded, decay, right, arena.rest());
  mirror_upper_triangle(right);
}

}  // namespace

void update_statistics(const PreconditionSettings& settings, const MatrixStep& step, bool bfloat16,
                       ConstMatrix gradient, Matrix left, Matrix right, std::span<float> scratch) {
  const Index interval = growing_interval(step.step, statistics_share, settings.statistics_every);
  if ((step.step - 1) % interval != 0) return;
  const double flops = static_cast<double>(gradient.rows * gradient.columns) *
                       static_cast<double>(gradient.rows + gradient.columns);
  const PhaseSpan span(step.recorder, Phase::statistics, 0, flops);
  const auto decay =
      static_cast<float>(std::pow(settings.statistics_decay, static_cast<double>(interval)));
  if (bfloat16) {
    update_rounded(decay, gradient, left, right, scratch);
  } else {
    symmetric_product(false, 1 - decay, gradient, decay, left);
    symmetric_product(true, 1 - decay, gradient, decay, right);
  }
}

Index statistics_scratch_floats(Index rows, Index columns) {
  return 2 * rounded_floats(rows, columns) +
         std::max(bfloat16_product_scratch_floats(columns, rows),
                  bfloat16_product_scratch_floats(rows, columns));
}

}  // namespace hourglass
