#include "model/activation_penalties.hpp"

#include <algorithm>

#include "model/code_penalty.hpp"
#include "model/distilled.hpp"
#include "model/penalty.hpp"
#include "model/weighted_loss.hpp"

namespace hourglass {

bool penalizes_activations(const AutoencoderSpec& spec) {
  const Regularization& r = spec.regularization;
  return r.l1 != 0 || r.hidden_l1.all != 0 || !r.hidden_l1.some.empty() || r.kl_weight != 0 ||
         r.variational || spec.sparsity.l0 != 0;
}

double penalize_activations(const AutoencoderSpec& spec, const Architecture& architecture,
                            Index layer, ConstMatrix y, float scale, const PassContext& context,
                            Matrix dy, Workspace& workspace) {
  const Regularization& r = spec.regularization;
  const RowWeights weights = weights_of(context);
  const PenaltyFactors& factors = context.penalty_factors;
  double value = 0;
  if (layer == architecture.code_layer && spec.sparsity.on()) {
    SparseCode& code = context.code != nullptr ? *context.code : workspace.code();
    value += code_penalty(spec, factors, scale, weights, code, workspace.unit_group());
  } else if (layer == architecture.code_layer) {
    // Predictive sparse decomposition penalises its inferred codes instead.
    if (r.l1 > 0 && !r.predictive) value += weighted_l1(factors.l1 * r.l1, y, scale, dy, weights);
    if (r.kl_weight > 0)
      value += kl_sparsity_penalty(r.kl_weight, r.kl_target, context.unit_means, y.rows, scale, dy);
  }
  if (layer == architecture.posterior_layer)
    value += weighted_variational(factors.variational * r.beta, r.free_bits, y, scale, dy, weights);
  const bool is_code = layer == (architecture.posterior_layer < 0 ? architecture.code_layer
                                                                  : architecture.posterior_layer);
  if (is_code && context.teacher != nullptr && !context.teacher->codes.empty())
    value += imitate_codes(*context.teacher, y, scale, dy, weights);
  const auto& hidden = architecture.hidden_layers;
  if (const auto place = std::ranges::find(hidden, layer); place != hidden.end()) {
    const double weight = r.hidden_l1.at(place - hidden.begin() + 1);
    if (weight > 0) value += weighted_l1(factors.l1 * weight, y, scale, dy, weights);
  }
  return value;
}

double penalties_of_samples(const AutoencoderSpec& spec, const Architecture& architecture,
                            Index rows, const RowWeights& weights, Workspace& workspace) {
  const Regularization& r = spec.regularization;
  double value = 0;
  if (spec.sparsity.on()) {
    value += code_penalty(spec, {}, 0, weights, workspace.code(), workspace.unit_group());
  } else if (r.l1 > 0) {
    value += weighted_l1(r.l1, workspace.output(architecture.code_layer, rows), 0, {}, weights);
  }
  if (r.variational) {
    value += weighted_variational(r.beta, 0, workspace.output(architecture.posterior_layer, rows),
                                  0, {}, weights);
  }
  return value;
}

}  // namespace hourglass
