#include "model/code_penalty.hpp"

#include <algorithm>

namespace hourglass {

namespace {

float weight_of(const RowWeights& weights, Index row) {
  return weights.empty() ? 1.0F : weights[row];
}

}  // namespace

double sparse_l1(double weight, float scale, const RowWeights& weights,
                 std::span<const float> values, std::span<float> gradients,
                 const SparseCode& code) {
  double sum = 0;
  for (Index r = 0; r < code.rows(); ++r) {
    const float own = weight_of(weights, r);
    const float step = static_cast<float>(weight) * scale * own;
    double row = 0;
    for (Index e = code.start(r); e < code.start(r + 1); ++e) {
      const auto place = static_cast<std::size_t>(e);
      row += static_cast<double>(values[place]);
      if (scale != 0 && values[place] > 0) gradients[place] += step;
    }
    sum += static_cast<double>(own) * row;
  }
  return weight * sum;
}

double sparse_l0(double weight, float scale, const RowWeights& weights, SparseCode& code) {
  const SparseRows view = code.view();
  if (scale != 0) code.l0_gradients().assign(static_cast<std::size_t>(code.rows()), 0);
  double sum = 0;
  for (Index r = 0; r < code.rows(); ++r) {
    const float own = weight_of(weights, r);
    if (scale != 0)
      code.l0_gradients()[static_cast<std::size_t>(r)] = static_cast<float>(weight) * scale * own;
    const auto values = view.values_of(r);
    sum += static_cast<double>(own) *
           static_cast<double>(std::ranges::count_if(values, [](float v) { return v != 0; }));
  }
  return weight * sum;
}

double code_penalty(const AutoencoderSpec& spec, const PenaltyFactors& factors, float scale,
                    const RowWeights& weights, SparseCode& code) {
  double value = 0;
  if (const double l1 = factors.l1 * spec.regularization.l1; l1 > 0)
    value +=
        spec.sparsity.selection.kind == Selection::gated
            ? sparse_l1(l1, scale, weights, code.pre_activations(), code.gate_gradients(), code)
            : sparse_l1(l1, scale, weights, code.view().values, code.gradients(), code);
  if (const double l0 = factors.l0 * spec.sparsity.l0; l0 > 0)
    value += sparse_l0(l0, scale, weights, code);
  return value;
}

}  // namespace hourglass
