#include "model/code_penalty.hpp"

#include <algorithm>
#include <vector>

namespace hourglass {

namespace {

float weight_of(const RowWeights& weights, Index row) {
  return weights.empty() ? 1.0F : weights[row];
}

// The sum over rows of weight * row_sum(row, sum of the units before those of this rank).
template <class RowSum>
double sum_of_rows(const SparseCode& code, const RowWeights& weights, UnitGroup* group,
                   const RowSum& row_sum) {
  std::vector<double> sums(group == nullptr ? 0 : static_cast<std::size_t>(code.rows()));
  const auto add = [&] {
    for (std::size_t r = 0; r < sums.size(); ++r) sums[r] = row_sum(static_cast<Index>(r), sums[r]);
  };
  if (group != nullptr) group->sum_over_units(sums, add);
  double sum = 0;
  for (Index r = 0; r < code.rows(); ++r) {
    const double row = group == nullptr ? row_sum(r, 0.0) : sums[static_cast<std::size_t>(r)];
    sum += static_cast<double>(weight_of(weights, r)) * row;
  }
  return sum;
}

}  // namespace

double sparse_l1(double weight, float scale, const RowWeights& weights,
                 std::span<const float> values, std::span<float> gradients, const SparseCode& code,
                 UnitGroup* group) {
  const auto row_sum = [&](Index r, double row) {
    const float step = static_cast<float>(weight) * scale * weight_of(weights, r);
    for (Index e = code.start(r); e < code.start(r + 1); ++e) {
      const auto place = static_cast<std::size_t>(e);
      row += static_cast<double>(values[place]);
      if (scale != 0 && values[place] > 0) gradients[place] += step;
    }
    return row;
  };
  return weight * sum_of_rows(code, weights, group, row_sum);
}

double sparse_l0(double weight, float scale, const RowWeights& weights, SparseCode& code,
                 UnitGroup* group) {
  const SparseRows view = code.view();
  if (scale != 0) code.l0_gradients().assign(static_cast<std::size_t>(code.rows()), 0);
  const auto row_sum = [&](Index r, double row) {
    if (scale != 0) {
      code.l0_gradients()[static_cast<std::size_t>(r)] =
          static_cast<float>(weight) * scale * weight_of(weights, r);
    }
    const auto values = view.values_of(r);
    return row + static_cast<double>(std::ranges::count_if(values, [](float v) { return v != 0; }));
  };
  return weight * sum_of_rows(code, weights, group, row_sum);
}

double code_penalty(const AutoencoderSpec& spec, const PenaltyFactors& factors, float scale,
                    const RowWeights& weights, SparseCode& code, UnitGroup* group) {
  double value = 0;
  if (const double l1 = factors.l1 * spec.regularization.l1; l1 > 0)
    value += spec.sparsity.selection.kind == Selection::gated
                 ? sparse_l1(l1, scale, weights, code.pre_activations(), code.gate_gradients(),
                             code, group)
                 : sparse_l1(l1, scale, weights, code.view().values, code.gradients(), code, group);
  if (const double l0 = factors.l0 * spec.sparsity.l0; l0 > 0)
    value += sparse_l0(l0, scale, weights, code, group);
  return value;
}

}  // namespace hourglass
