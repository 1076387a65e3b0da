#include "model/gate_loss.hpp"

#include "math/code_product.hpp"
#include "model/weighted_loss.hpp"

namespace hourglass {

LossSums gate_loss(const AutoencoderSpec& spec, const SparseDecoder& decoder,
                   const float* parameters, ConstMatrix target, float scale,
                   const LossOptions& options, const RowWeights& weights, SparseCode& code,
                   Matrix logits, Matrix gradient, UnitGroup* group) {
  SparseRows gates = code.view();
  gates.values = code.pre_activations();
  const ConstMatrix atoms = decoder.atoms(parameters);
  decoder.multiply(parameters, gates, logits, group);
  activation_forward(Activation::linear, decoder.bias(parameters), logits, {});
  const LossSums sums = weighted_loss(spec.loss, spec.output_activation, spec.feature_mean, scale,
                                      target, logits, gradient, options, weights);
  std::vector<float>& gradients = code.gate_gradients();
  gradients.resize(gates.columns.size());
  multiply_at(gates, atoms, gradient, gradients);
  return sums;
}

}  // namespace hourglass
