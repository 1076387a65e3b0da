#include "model/dictionary_checks.hpp"

#include <fmt/format.h>

#include "hourglass/core/error.hpp"
#include "model/autoencoder.hpp"

namespace hourglass {

namespace {

void check(bool valid, const std::string& message) {
  if (!valid) throw Error(ErrorKind::usage, message);
}

bool is_dense(const LayerSpec& layer) { return layer.kind == LayerSpec::Kind::dense; }

void check_pre_bias(const AutoencoderSpec& spec) {
  if (spec.dictionary.pre_bias == PreBias::none) return;
  const Regularization& r = spec.regularization;
  check(
      is_dense(spec.encoder[1]) && is_dense(spec.decoder.back()),
      fmt::format("--pre-bias needs a dense first and a dense last layer: use --pre-bias none, or "
                  "--layers without convolutions instead of {}",
                  to_string(spec.encoder)));
  check(spec.output_activation == Activation::linear,
        fmt::format("--pre-bias is added to the reconstruction: use --output-activation linear "
                    "instead of {}",
                    name_of(spec.output_activation)));
  for (const auto& [name, used] :
       {std::pair{"counts and the likelihoods of counts",
                  spec.counts != Counts::none ||
                      distribution_of(spec.loss, spec.output_activation).has_value()},
        {"loss mixed", spec.loss == Loss::mixed},
        {"target", spec.target_features > 0},
        {"missing mask", spec.missing == Missing::mask},
        {"contractive", r.contractive > 0},
        {"hessian-weight", r.hessian_weight > 0},
        {"predictive", r.predictive}}) {
    check(!used, fmt::format("--pre-bias subtracts from whole samples of numbers and cannot be "
                             "combined with --{}: use --pre-bias none",
                             name));
  }
}

void check_unit_norm(const AutoencoderSpec& spec) {
  if (!spec.dictionary.unit_norm) return;
  check(is_dense(spec.decoder[1]),
        fmt::format("--unit-norm-decoder needs a decoder whose first layer is dense, a dictionary, "
                    "but --decoder-layers is {}: leave it out",
                    to_string(spec.decoder)));
  check(!spec.tied,
        "--unit-norm-decoder cannot be combined with --tied, whose encoder would have unit weights "
        "too: use --tied-initialization instead of --tied");
  check(!spec.regularization.predictive,
        "--predictive keeps the dictionary's columns at norm 1 itself: leave out "
        "--unit-norm-decoder");
}

void check_tied_start(const AutoencoderSpec& spec) {
  if (!spec.dictionary.tied_start) return;
  check(!spec.tied,
        "--tied-initialization begins with tied weights that are then trained apart: leave out "
        "--tied or --tied-initialization");
  check(!spec.regularization.variational,
        "--tied-initialization cannot be combined with --variational, whose last encoder layer has "
        "twice the code's width: leave it out");
  const std::size_t last = spec.encoder.size() - 1;
  const bool mirrored = is_dense(spec.encoder[last]) && is_dense(spec.decoder[1]) &&
                        unit_shapes(spec.encoder, "layers")[last - 1].units ==
                            unit_shapes(spec.decoder, "decoder-layers")[1].units;
  check(mirrored,
        fmt::format("--tied-initialization needs dense layers that mirror each other on both sides "
                    "of the code, but --layers is {} and --decoder-layers {}: leave it out",
                    to_string(spec.encoder), to_string(spec.decoder)));
}

// Parts of a code are known to one layer on each side of it.
bool has_parts(const AutoencoderSpec& spec) {
  const Selection kind = spec.sparsity.selection.kind;
  return (kind == Selection::top_k || kind == Selection::batch_top_k) && spec.encoder.size() == 2 &&
         spec.decoder.size() == 2 && spec.output_activation == Activation::linear;
}

void check_auxiliary(const AutoencoderSpec& spec) {
  const DictionarySpec& dictionary = spec.dictionary;
  check(dictionary.aux_k >= DictionarySpec::automatic_aux_k &&
            dictionary.aux_k <= unit_shapes(spec.encoder, "layers").back().units,
        fmt::format("--aux-k {} does not fit the code of --layers {}", dictionary.aux_k,
                    to_string(spec.encoder)));
  check(dictionary.aux_weight >= 0 && dictionary.aux_weight < 1e30,
        fmt::format("--aux-weight must be at least 0, not {}", dictionary.aux_weight));
  check(dictionary.aux_k <= 0 || takes_auxiliary_loss(spec),
        "--aux-k needs --sparsity topk:K or batch-topk:K with one layer on each side of the code, "
        "--output-activation linear and --loss mse of whole samples: use --aux-k 0");
}

void check_prefixes(const AutoencoderSpec& spec) {
  const auto& ends = spec.dictionary.matryoshka;
  if (ends.empty()) return;
  const Index units = unit_shapes(spec.encoder, "layers").back().units;
  check(has_parts(spec),
        "--matryoshka needs --sparsity topk:K or batch-topk:K with one layer on each side of the "
        "code and --output-activation linear: leave it out");
  Index before = 0;
  for (const Index end : ends) {
    check(end > before && end <= units,
          fmt::format("--matryoshka names prefixes of the code, ascending, each of 1 to {} units, "
                      "not {} behind {}",
                      units, end, before));
    before = end;
  }
}

}  // namespace

bool takes_auxiliary_loss(const AutoencoderSpec& spec) {
  return has_parts(spec) && spec.loss == Loss::mse && spec.feature_weights.empty() &&
         spec.missing != Missing::mask && !has_emphasis(spec.regularization);
}

void check_dictionary(const AutoencoderSpec& spec) {
  check_pre_bias(spec);
  check_unit_norm(spec);
  check_tied_start(spec);
  check_auxiliary(spec);
  check_prefixes(spec);
}

}  // namespace hourglass
