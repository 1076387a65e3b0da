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
#include "model/frozen.hpp"
#include "model/gate_loss.hpp"
#include "model/output_loss.hpp"
#include "model/paired_target.hpp"
#include "model/weighted_loss.hpp"
#include "nn/unit_group.hpp"

namespace hourglass {

namespace {

// A hook that refers to `function`, which std::function does without allocating; or none.
template <class Function>
OutputGradientHook hook_of(bool wanted, const Function& function) {
  if (!wanted) return {};
  return std::ref(function);
}

}  // namespace

Autoencoder::Autoencoder(const AutoencoderSpec& spec)
    : spec_(with_defaults(spec)),
      features_(spec_.encoder.front().units),
      code_size_(unit_shapes(spec_.encoder, "layers").back().units),
      architecture_(build_architecture(spec_, layout_)),
      sample_input_(sample_input_of(spec_)) {
  const Regularization& r = spec_.regularization;
  if (r.contractive > 0 || r.hessian_weight > 0)
    contractive_ = std::make_unique<Contractive>(r, architecture_.encoder_layers);
  if (const auto& layers = architecture_.encoder_layers; !layers.empty()) {
    Regularization exact;
    exact.contractive_method =
        layers.size() == 1 ? ContractiveMethod::closed_form : ContractiveMethod::exact;
    jacobian_ = std::make_unique<Contractive>(exact, layers);
  }
  if (r.predictive) {
    const double data_weight = spec_.feature_mean ? 1.0 / static_cast<double>(features_) : 1.0;
    predictive_ = std::make_unique<PredictiveSparse>(r, *architecture_.output_layer, data_weight);
  }
  if (DictionaryPass::wanted(spec_))
    dictionary_ = std::make_shared<DictionaryPass>(spec_, architecture_);
  if (spec_.missing == Missing::mask)
    missing_.emplace(features_, spec_.missing_means, indicator_group(spec_));
}

Index Autoencoder::input_width() const { return missing_ ? missing_->width() : features_; }

Workspace Autoencoder::make_workspace(Index max_rows) const {
  const Regularization& r = spec_.regularization;
  const Index samples = ScratchArena::floats_of(max_rows, features());
  Index extra = ScratchArena::floats_of(1, loss_scratch()) +
                ScratchArena::floats_of(1, sample_input_.scratch_floats(max_rows));
  if (r.corruption.kind != Corruption::none) extra += samples;
  if (spec_.target_features > 0) extra += samples;
  if (weighs_elements()) extra += samples;
  if (spec_.sparsity.selection.kind == Selection::gated)
    extra += 2 * ScratchArena::floats_of(max_rows, outputs());
  if (missing_) extra += missing_->scratch_floats(max_rows);
  if (contractive_) extra += contractive_->scratch_floats(max_rows);
  if (predictive_) extra += predictive_->scratch_floats(max_rows);
  if (dictionary_) extra += dictionary_->scratch_floats(max_rows);
  Workspace workspace(network(), max_rows, extra);
  workspace.set_unit_group(unit_group_);
  return workspace;
}

Range Autoencoder::held_units() const {
  return unit_group_ == nullptr ? Range{0, code_size_} : unit_group_->units();
}

Autoencoder::Scratch Autoencoder::divide(Workspace& workspace, Index rows) const {
  const Regularization& r = spec_.regularization;
  ScratchArena arena(workspace.extra());
  Scratch scratch;
  if (r.corruption.kind != Corruption::none) scratch.input = arena.allocate(rows, features());
  if (spec_.target_features > 0) scratch.own = arena.allocate(rows, features());
  if (weighs_elements()) scratch.weights = arena.allocate(rows, features());
  if (missing_) {
    scratch.target = arena.allocate(rows, features());
    scratch.present = arena.allocate(rows, features());
    if (missing_->indicator()) scratch.joined = arena.allocate(rows, input_width());
  }
  scratch.rows = arena.allocate(1, sample_input_.scratch_floats(rows)).row(0);
  scratch.loss = arena.allocate(1, loss_scratch()).row(0);
  if (spec_.sparsity.selection.kind == Selection::gated) {
    scratch.gate_logits = arena.allocate(rows, outputs());
    scratch.gate_gradient = arena.allocate(rows, outputs());
  }
  scratch.penalty = arena.rest();
  return scratch;
}

LossSums Autoencoder::train_pass(const float* parameters, ConstMatrix samples, float scale,
                                 Workspace& workspace, float* gradient, const PassContext& context,
                                 const GradientReady& ready) const {
  const Regularization& r = spec_.regularization;
  if (missing_ && samples.rows > 0)
    return masked_pass(parameters, samples, scale, workspace, gradient, context, ready);
  const ConstMatrix target = target_of(spec_, samples);
  if (samples.rows == 0)
    return pass(parameters, {}, target, scale, workspace, gradient, context, ready, {}, {});
  // Kronecker factors are products of whole rows.
  InputRows input =
      input_rows(samples, context.sparse_samples, workspace, context.factors != nullptr);
  if (r.corruption.kind == Corruption::none)
    return pass(parameters, input, target, scale, workspace, gradient, context, ready, {}, {});
  const Scratch scratch = divide(workspace, samples.rows);
  corrupt(r.corruption, spec_.image, context, input.values, scratch.input, scratch.weights);
  input.values = scratch.input;
  return pass(parameters, input, target, scale, workspace, gradient, context, ready,
              scratch.weights, {});
}

LossSums Autoencoder::masked_pass(const float* parameters, ConstMatrix samples, float scale,
                                  Workspace& workspace, float* gradient, const PassContext& context,
                                  const GradientReady& ready) const {
  const Regularization& r = spec_.regularization;
  const Scratch scratch = divide(workspace, samples.rows);
  missing_->split(samples, scratch.target, scratch.present);
  ConstMatrix values = scratch.target;
  ConstMatrix mask;
  if (r.corruption.kind != Corruption::none) {
    if (has_emphasis(r)) mask = scratch.weights;
    corrupt(r.corruption, spec_.image, context, scratch.target, scratch.input,
            has_emphasis(r) ? scratch.weights : Matrix());
    missing_->restore_means(scratch.present, scratch.input);
    values = scratch.input;
  }
  return train_pass(parameters, joined(values, scratch), scratch.target, scale, workspace, gradient,
                    context, ready, mask, scratch.present);
}

ConstMatrix Autoencoder::joined(ConstMatrix values, const Scratch& scratch) const {
  if (!missing_->indicator()) return values;
  missing_->join(values, scratch.present, scratch.joined);
  return scratch.joined;
}

Autoencoder::InputRows Autoencoder::input_rows(ConstMatrix samples, const SparseRows* known,
                                               Workspace& workspace, bool wants_dense) const {
  if (missing_) return {network_input(samples, workspace), {}, {}};
  const Scratch scratch = divide(workspace, samples.rows);
  return sample_input_.rows(inputs_of(samples, features_, scratch.own), known, workspace.sparse(),
                            scratch.rows, wants_dense);
}

ConstMatrix Autoencoder::network_input(ConstMatrix samples, Workspace& workspace) const {
  const Scratch scratch = divide(workspace, samples.rows);
  const ConstMatrix inputs = inputs_of(samples, features_, scratch.own);
  if (!missing_) return sample_input_.dense_rows(inputs, scratch.rows).values;
  missing_->split(samples, scratch.target, scratch.present);
  return joined(scratch.target, scratch);
}

LossSums Autoencoder::train_pass(const float* parameters, ConstMatrix input, ConstMatrix target,
                                 float scale, Workspace& workspace, float* gradient,
                                 const PassContext& context, const GradientReady& ready,
                                 ConstMatrix mask, ConstMatrix present) const {
  return pass(parameters, {input, {}, {}}, target, scale, workspace, gradient, context, ready, mask,
              present);
}

LossSums Autoencoder::pass(const float* parameters, const InputRows& rows, ConstMatrix target,
                           float scale, Workspace& workspace, float* gradient,
                           const PassContext& given, const GradientReady& ready, ConstMatrix mask,
                           ConstMatrix present) const {
  const ConstMatrix input = rows.values;
  require(input.rows == target.rows && target.columns == outputs() &&
              input.columns == (input.rows == 0 ? input.columns : input_width()),
          "an input and a target of different shapes");
  if (input.rows == 0) {
    const auto clear = [&](Range part) {
      std::fill(gradient + part.begin, gradient + part.end, 0.0F);
    };
    // The rows of units are 0 already, and the empty set's part is the rest.
    if (given.active_rows != nullptr) {
      given.active_rows->for_parts({0, layout_.size()}, clear);
    } else {
      clear({0, layout_.size()});
    }
    if (ready) ready({0, layout_.size()});
    return {};
  }
  const PassContext context = rows.context(given);
  if (predictive_)
    return predictive_pass(parameters, input, target, scale, workspace, gradient, context, ready);
  const Range all{0, network().layer_count()};
  network().forward(all, parameters, input, workspace, context);
  const Index last = all.end - 1;
  const Scratch scratch = divide(workspace, input.rows);
  LossSums sums;
  PassContext backward_context = context;
  {
    const PhaseSpan span(context.recorder, Phase::loss, 0,
                         3.0 * sizeof(float) * static_cast<double>(input.rows * outputs()));
    LossOptions options =
        loss_options(spec_, loss_weights(mask, present, scratch.weights), present, scratch.loss);
    options.sizes = size_factors(architecture_, rows.sizes, workspace, input.rows);
    options.size_gradient = size_gradient(architecture_, workspace, input.rows);
    const auto loss = [&](ConstMatrix wanted, Matrix logits, Matrix slope, float factor) {
      return loss_of(wanted, logits, slope, factor, options, weights_of(context));
    };
    sums = loss_with_teacher(context.teacher, target, workspace.output(last, input.rows),
                             workspace.output_gradient(last, input.rows), scale, loss);
    SparseCode& code = context.code != nullptr ? *context.code : workspace.code();
    if (!scratch.gate_logits.empty()) {
      sums.penalty += gate_loss(spec_, *architecture_.sparse_decoder, parameters, target, scale,
                                options, weights_of(context), code, scratch.gate_logits,
                                scratch.gate_gradient, workspace.unit_group())
                          .loss;
    }
    if (dictionary_) {
      backward_context.stacked_gradient = dictionary_->apply(
          parameters, target, scale, context, workspace, code, scratch.penalty, sums, loss);
    }
    if (context.active_rows != nullptr) {
      for (const std::int32_t unit : code.view().columns) context.active_rows->add(unit);
    }
  }
  if (contractive_) {
    const auto [penalty, terms] =
        contractive_->apply(parameters, input, workspace, scale, context, scratch.penalty);
    sums.penalty += penalty;
    backward_context.second_order = terms;
  }
  const auto add_penalties = [&](Index layer, ConstMatrix y, Matrix dy) {
    sums.penalty +=
        penalize_activations(spec_, architecture_, layer, y, scale, context, dy, workspace);
  };
  network().backward(
      all, parameters, input, workspace, {}, gradient, backward_context, ready,
      hook_of(penalizes_activations(spec_) || context.teacher != nullptr, add_penalties));
  sums.loss += sums.penalty;
  return sums;
}

// The decoder's input, which the encoder learns to predict, is a code from a separate minimisation.
LossSums Autoencoder::predictive_pass(const float* parameters, ConstMatrix input,
                                      ConstMatrix target, float scale, Workspace& workspace,
                                      float* gradient, const PassContext& context,
                                      const GradientReady& ready) const {
  const Index code = architecture_.code_layer;
  const Range encoder{0, code + 1};
  const Range decoder{code + 1, network().layer_count()};
  const ConstMatrix prediction = network().forward(encoder, parameters, input, workspace, context);
  const Scratch scratch = divide(workspace, input.rows);
  const ConstMatrix codes = predictive_->infer(parameters, target, prediction, scratch.penalty);
  network().forward(decoder, parameters, codes, workspace, context);
  LossSums sums = loss_and_gradient(spec_.loss, spec_.output_activation, spec_.feature_mean, scale,
                                    target, workspace.output(decoder.end - 1, input.rows),
                                    workspace.output_gradient(decoder.end - 1, input.rows),
                                    loss_options(spec_, {}, {}, scratch.loss));
  const auto add_penalties = [&](Index layer, ConstMatrix y, Matrix dy) {
    sums.penalty +=
        penalize_activations(spec_, architecture_, layer, y, scale, context, dy, workspace);
  };
  const OutputGradientHook hook = hook_of(penalizes_activations(spec_), add_penalties);
  network().backward(decoder, parameters, codes, workspace, {}, gradient, context, ready, hook);
  sums.penalty +=
      predictive_->penalty(codes, prediction, scale, workspace.output_gradient(code, input.rows));
  network().backward(encoder, parameters, input, workspace, {}, gradient, context, ready, hook);
  sums.loss += sums.penalty;
  return sums;
}

LossSums Autoencoder::loss_of(ConstMatrix target, Matrix logits, Matrix gradient, float scale,
                              const LossOptions& options, const RowWeights& weights) const {
  return weighted_loss(spec_.loss, spec_.output_activation, spec_.feature_mean, scale, target,
                       logits, gradient, options, weights);
}

void Autoencoder::constrain(float* parameters, std::span<const Range> frozen) const {
  if (architecture_.dictionary >= 0 && is_frozen(frozen, layout_.range(architecture_.dictionary)))
    return;
  if (predictive_) predictive_->normalize(parameters);
  if (spec_.dictionary.unit_norm) normalize_atoms(*this, parameters);
}

void Autoencoder::count_use(const PassContext& context, Workspace& workspace, Index rows,
                            UnitUse& use) const {
  if (!spec_.sparsity.on()) return use.add(workspace.output(architecture_.code_layer, rows));
  // Behind the prefixes stand dead units.
  use.add(context.code != nullptr ? *context.code : workspace.code(),
          rows * (dictionary_ ? dictionary_->prefixes() : 1));
}

ActiveRows Autoencoder::active_rows() const {
  if (!spec_.sparsity.on()) return {};
  std::vector<UnitRows> rows = architecture_.sparse_encoder->unit_rows();
  rows.push_back(architecture_.sparse_decoder->unit_rows());
  return {std::move(rows), code_size_};
}

// Codes are decoded in single precision.
RoundedPart Autoencoder::rounded_part() const {
  if (!spec_.sparsity.on()) return Trainable::rounded_part();
  const Range atoms = layout_.range(architecture_.sparse_decoder->weight_slot());
  RoundedPart part{
      {{0, atoms.begin}}, architecture_.sparse_encoder->unit_rows().front(), code_size_};
  if (spec_.decoder.size() > 2) part.ranges.push_back({atoms.end, layout_.size()});
  return part;
}

void Autoencoder::select_candidates(const float* parameters, ConstMatrix samples,
                                    Workspace& workspace, const PassContext& context) const {
  context.code->clear(code_size());
  if (samples.rows > 0) training_code(parameters, samples, workspace, context);
  context.code->set_selected();
}

ConstMatrix Autoencoder::training_code(const float* parameters, ConstMatrix samples,
                                       Workspace& workspace, const PassContext& context) const {
  const Regularization& r = spec_.regularization;
  InputRows input = input_rows(samples, context.sparse_samples, workspace);
  if (r.corruption.kind != Corruption::none) {
    const Scratch scratch = divide(workspace, samples.rows);
    corrupt(r.corruption, spec_.image, context, missing_ ? scratch.target : input.values,
            scratch.input, {});
    if (missing_) missing_->restore_means(scratch.present, scratch.input);
    input.values = missing_ ? joined(scratch.input, scratch) : scratch.input;
  }
  return network().forward({0, architecture_.code_layer + 1}, parameters, input.values, workspace,
                           input.context(context));
}

void Autoencoder::add_unit_sums(const float* parameters, ConstMatrix samples, Workspace& workspace,
                                const PassContext& context, std::span<ExactSum> sums) const {
  if (samples.rows == 0) return;
  const ConstMatrix code = training_code(parameters, samples, workspace, context);
  for (Index c = 0; c < code.columns; ++c) {
    double sum = 0;
    for (Index row = 0; row < code.rows; ++row) sum += static_cast<double>(code(row, c));
    sums[static_cast<std::size_t>(c)].add(sum);
  }
}

}  // namespace hourglass
