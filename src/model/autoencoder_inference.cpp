// The passes without training.
#include "model/autoencoder.hpp"

#include <algorithm>
#include <functional>

#include "core/scratch_arena.hpp"
#include "hourglass/core/error.hpp"
#include "model/activation_penalties.hpp"
#include "model/architecture.hpp"
#include "model/code_penalty.hpp"
#include "model/dictionary_pass.hpp"
#include "model/dictionary_start.hpp"
#include "model/distilled.hpp"
#include "model/gate_loss.hpp"
#include "model/output_loss.hpp"
#include "model/paired_target.hpp"
#include "model/weighted_loss.hpp"

namespace hourglass {

namespace {

// Of a pass without training.
PassContext inference_context(const Workspace& workspace) {
  PassContext context;
  context.conditions = workspace.conditions();
  return context;
}

}  // namespace

void Autoencoder::squared_jacobian_norms(const float* parameters, ConstMatrix x,
                                         Workspace& workspace, std::span<float> scratch,
                                         std::span<double> norms) const {
  const auto count = static_cast<Index>(architecture_.encoder_layers.size());
  const ConstMatrix input = network_input(x, workspace);
  network().forward({0, count}, parameters, input, workspace, inference_context(workspace));
  jacobian_->squared_norms(parameters, input, workspace, scratch, norms);
}

ConstMatrix Autoencoder::encode(const float* parameters, ConstMatrix x,
                                Workspace& workspace) const {
  const InputRows input = input_rows(x, nullptr, workspace);
  const ConstMatrix code =
      network().forward({0, architecture_.code_layer + 1}, parameters, input.values, workspace,
                        input.context(inference_context(workspace)));
  if (spec_.sparsity.on())
    spread(workspace.code().view(), workspace.output(architecture_.code_layer, x.rows));
  return code;
}

ConstMatrix Autoencoder::reconstruct(const float* parameters, ConstMatrix x, Workspace& workspace,
                                     std::span<const std::int32_t> decoder_conditions) const {
  const InputRows input = input_rows(x, nullptr, workspace);
  PassContext context = inference_context(workspace);
  const Index code_end = architecture_.code_layer + 1;
  const ConstMatrix code =
      network().forward({0, code_end}, parameters, input.values, workspace, input.context(context));
  if (!decoder_conditions.empty()) context.conditions = decoder_conditions;
  network().forward({code_end, network().layer_count()}, parameters, code, workspace, context);
  const Index last = network().layer_count() - 1;
  return make_outputs(spec_, size_factors(architecture_, input.sizes, workspace, x.rows),
                      workspace.output(last, x.rows));
}

ConstMatrix Autoencoder::decode(const float* parameters, ConstMatrix codes,
                                Workspace& workspace) const {
  if (spec_.sparsity.on()) workspace.code().assign(codes);
  network().forward({architecture_.code_layer + 1, network().layer_count()}, parameters, codes,
                    workspace, inference_context(workspace));
  const Index last = network().layer_count() - 1;
  return make_outputs(spec_, {}, workspace.output(last, codes.rows));
}

LossSums Autoencoder::evaluate(const float* parameters, ConstMatrix x, Workspace& workspace) const {
  return evaluate_weighted(parameters, x, {}, workspace);
}

LossSums Autoencoder::evaluate_weighted(const float* parameters, ConstMatrix x,
                                        std::span<const float> table, Workspace& workspace) const {
  const RowWeights weights{table, {}};
  const Range all{0, network().layer_count()};
  const InputRows input = input_rows(x, nullptr, workspace);
  network().forward(all, parameters, input.values, workspace,
                    input.context(inference_context(workspace)));
  ConstMatrix target = target_of(spec_, x);
  LossOptions options = loss_options(spec_, {}, {}, {});
  const auto sizes = size_factors(architecture_, input.sizes, workspace, x.rows);
  options.sizes = sizes;
  if (missing_) {
    const Scratch scratch = divide(workspace, x.rows);
    target = scratch.target;
    options = loss_options(spec_, loss_weights({}, scratch.present, scratch.weights),
                           scratch.present, {});
  }
  LossSums sums =
      loss_of(target, workspace.output(all.end - 1, x.rows), {}, 1.0F, options, weights);
  sums.penalty += penalties_of_samples(spec_, architecture_, x.rows, weights, workspace);
  sums.loss += sums.penalty;
  return sums;
}

}  // namespace hourglass
