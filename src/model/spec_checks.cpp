#include "model/spec_checks.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "hourglass/core/error.hpp"
#include "model/architecture.hpp"
#include "model/paired_target.hpp"
#include "model/sparsity_checks.hpp"

namespace hourglass {

namespace {

void check(bool valid, const std::string& message) {
  if (!valid) throw Error(ErrorKind::usage, message);
}

void check_at_least_zero(const char* name, double value) {
  check(value >= 0 && value < 1e30, fmt::format("--{} must be at least 0, not {}", name, value));
}

Index code_units(const AutoencoderSpec& spec) {
  return unit_shapes(spec.encoder, "layers").back().units;
}

void check_layers(const AutoencoderSpec& spec) {
  const auto& encoder = spec.encoder;
  const auto& decoder = spec.decoder;
  check(
      encoder.size() >= 2,
      fmt::format(
          "--layers {} has no layer: name at least the input width and the code width, e.g. 784,30",
          to_string(encoder)));
  const auto encoder_shapes = unit_shapes(encoder, "layers");
  const auto decoder_shapes = unit_shapes(decoder, "decoder-layers");
  const Index features = encoder_shapes.front().units;
  const Index code = encoder_shapes.back().units;
  check(decoder.size() >= 2 && decoder_shapes.front().units == code,
        fmt::format("--decoder-layers {} must begin with the code width of --layers, {}",
                    to_string(decoder), code));
  check(decoder_shapes.back().units == output_features(spec),
        fmt::format("--decoder-layers {} must end with the {}, {}, and ends with {}",
                    to_string(decoder),
                    spec.target_features > 0 ? "width of --target" : "input width of --layers",
                    output_features(spec), decoder_shapes.back().units));
  if (spec.tied) {
    check(decoder == mirrored(encoder, "layers"),
          fmt::format("--tied needs a decoder that mirrors the encoder, but --decoder-layers is {} "
                      "and --layers {}",
                      to_string(decoder), to_string(encoder)));
    check(
        !spec.regularization.variational,
        "--tied cannot be combined with --variational: its last encoder layer has twice the code's "
        "width and no mirror");
  }
  check(!spec.image.known() || spec.image.size() == features,
        fmt::format("--image-shape {} has {} numbers, but the first of --layers is {}",
                    to_string(spec.image), spec.image.size(), to_string(encoder.front())));
  const ImageShape& input = encoder.front().image;
  check(!spec.image.known() || !input.known() || input.is_image(),
        fmt::format("--image-shape describes images, but --layers begins with {} and {}: leave out "
                    "--image-shape",
                    to_string(encoder.front()), to_string(encoder[1])));
  check(!input.is_image() || input == spec.image,
        fmt::format("--image-shape {} is not what --layers begins with, {}", to_string(spec.image),
                    to_string(encoder.front())));
}

// The entries of a setting of hidden layers must name existing layers.
template <class T>
void check_hidden(const AutoencoderSpec& spec, const char* name, const PerLayer<T>& setting,
                  bool for_all) {
  const auto layers = static_cast<Index>(spec.encoder.size() + spec.decoder.size()) - 4;
  check(layers > 0 || (!for_all && setting.some.empty()),
        fmt::format("--{} acts on hidden layers, but --layers has none: use --{} for the code",
                    name, std::string(name) == "hidden-l1" ? "l1" : "code-noise"));
  for (const auto& entry : setting.some) {
    check(entry.first >= 1 && entry.first <= layers,
          fmt::format("--{} names hidden layer {}, but --layers and --decoder-layers have {}: "
                      "count from 1, first those of the encoder, "
                      "without the code",
                      name, entry.first, layers));
  }
}

void check_noise(const AutoencoderSpec& spec) {
  const Regularization& r = spec.regularization;
  check_corruption(r.corruption);
  check_hidden(spec, "hidden-noise", r.hidden_noise, r.hidden_noise.all.kind != Noise::none);
  if (is_structured(r.corruption.kind)) {
    const ImageShape& input = spec.encoder.front().image;
    check(!input.known() || input.is_image(),
          fmt::format("--corruption {} works on images, but --layers {} is not about images: use "
                      "e.g. --corruption masking",
                      name_of(r.corruption.kind), to_string(spec.encoder)));
    check(spec.image.known(), fmt::format("--corruption {} works on images: give --image-shape, "
                                          "e.g. 28x28, or data of shape N x H x W",
                                          name_of(r.corruption.kind)));
  }
  check_at_least_zero("corrupted-weight", r.corrupted_weight);
  check_at_least_zero("clean-weight", r.clean_weight);
  const bool emphasis = r.corrupted_weight != 1 || r.clean_weight != 1;
  check(!emphasis ||
            (r.corruption.kind != Corruption::none && r.corruption.kind != Corruption::gaussian),
        fmt::format(
            "--corrupted-weight and --clean-weight distinguish corrupted components from clean "
            "ones, but --corruption is {}",
            name_of(r.corruption.kind)));
  check(!emphasis || is_componentwise(spec.loss),
        fmt::format("--corrupted-weight and --clean-weight weight components, but --loss {} "
                    "compares whole samples",
                    name_of(spec.loss)));
  check(r.corrupted_weight > 0 || r.clean_weight > 0,
        "--corrupted-weight and --clean-weight are both 0: nothing would be learned");
  check(!(r.code_noise_before && r.code_noise.kind == Noise::none),
        "--code-noise-before says where --code-noise acts, but --code-noise is none");
}

void check_sparsity(const AutoencoderSpec& spec) {
  const Regularization& r = spec.regularization;
  const Index code = code_units(spec);
  check_at_least_zero("l1", r.l1);
  check_at_least_zero("hidden-l1", r.hidden_l1.all);
  for (const auto& [layer, weight] : r.hidden_l1.some) check_at_least_zero("hidden-l1", weight);
  check_hidden(spec, "hidden-l1", r.hidden_l1, r.hidden_l1.all > 0);
  check_at_least_zero("kl-weight", r.kl_weight);
  if (r.kl_weight > 0) {
    check(r.kl_target > 0 && r.kl_target < 1,
          fmt::format("--kl-target must lie between 0 and 1, not {}", r.kl_target));
    check(spec.code_activation == Activation::sigmoid && r.k_sparse == 0,
          fmt::format("--kl-weight compares a unit's mean with --kl-target, so units must lie in "
                      "(0, 1): use --code-activation sigmoid "
                      "instead of {} and no --k-sparse",
                      name_of(spec.code_activation)));
  }
  check(r.k_sparse >= 0 && r.k_sparse <= code,
        fmt::format("--k-sparse {} does not fit the code of --layers, which has {} units",
                    r.k_sparse, code));
  check(r.k_sparse_alpha > 0 && r.k_sparse_alpha <= 1e6,
        fmt::format("--k-sparse-alpha must be above 0, not {}", r.k_sparse_alpha));
}

void check_contractive(const AutoencoderSpec& spec) {
  const Regularization& r = spec.regularization;
  check_at_least_zero("contractive", r.contractive);
  check_at_least_zero("hessian-weight", r.hessian_weight);
  check(r.contractive_probes >= 1 && r.contractive_probes <= 4096,
        fmt::format("--contractive-probes must be 1 to 4096, not {}", r.contractive_probes));
  check(r.hessian_samples >= 1 && r.hessian_samples <= 64,
        fmt::format("--hessian-samples must be 1 to 64, not {}", r.hessian_samples));
  check(r.hessian_sigma > 0,
        fmt::format("--hessian-sigma must be above 0, not {}", r.hessian_sigma));
  if (r.contractive == 0 && r.hessian_weight == 0) return;
  const char* const penalty = r.contractive > 0 ? "contractive" : "hessian-weight";
  const auto refuse = [&](bool present, const char* other) {
    check(!present, fmt::format("--{} needs a plain dense encoder and cannot be combined with --{}",
                                penalty, other));
  };
  refuse(has_convolutions(spec.encoder), "layers that has convolutions");
  refuse(spec.layer_norm, "layer-norm");
  bool noisy = false;
  for (Index layer = 1; layer + 1 < static_cast<Index>(spec.encoder.size()); ++layer) {
    noisy = noisy || r.hidden_noise.at(layer).kind != Noise::none;
  }
  refuse(noisy, "hidden-noise on the encoder");
  refuse(r.k_sparse > 0, "k-sparse");
  refuse(r.variational, "variational");
  refuse(r.code_noise_before, "code-noise-before");
}

void check_variational(const AutoencoderSpec& spec) {
  const Regularization& r = spec.regularization;
  check_at_least_zero("beta", r.beta);
  check_at_least_zero("free-bits", r.free_bits);
  if (!r.variational) return;
  check(spec.code_activation == Activation::linear,
        fmt::format("--variational gives the code a normal distribution: use --code-activation "
                    "linear instead of {}",
                    name_of(spec.code_activation)));
  check(spec.encoder.back().kind == LayerSpec::Kind::dense,
        fmt::format("--variational needs a dense code: end --layers {} with a width, e.g. 30",
                    to_string(spec.encoder)));
  const auto refuse = [&](bool present, const char* other) {
    check(!present, fmt::format("--variational has its own noise and penalty on the code and "
                                "cannot be combined with --{}",
                                other));
  };
  refuse(r.code_noise.kind != Noise::none, "code-noise");
  refuse(r.k_sparse > 0, "k-sparse");
  refuse(r.kl_weight > 0, "kl-weight");
}

void check_predictive(const AutoencoderSpec& spec) {
  const Regularization& r = spec.regularization;
  check_at_least_zero("predictive-weight", r.predictive_weight);
  check(r.predictive_iterations >= 1 && r.predictive_iterations <= 10000,
        fmt::format("--predictive-iterations must be 1 to 10000, not {}", r.predictive_iterations));
  if (!r.predictive) return;
  check(r.predictive_weight > 0,
        "--predictive trains the encoder by --predictive-weight, which is 0");
  check(r.l1 > 0, "--predictive makes codes sparse by --l1, which is 0: use e.g. --l1 0.1");
  check(spec.decoder.size() == 2 && spec.decoder.back().kind == LayerSpec::Kind::dense,
        fmt::format("--predictive needs a decoder of one dense layer, its dictionary: use "
                    "--decoder-layers {},{} instead of {}",
                    code_units(spec), to_string(spec.encoder.front()), to_string(spec.decoder)));
  check(spec.output_activation == Activation::linear,
        fmt::format(
            "--predictive reconstructs linearly: use --output-activation linear instead of {}",
            name_of(spec.output_activation)));
  check(spec.loss == Loss::mse,
        fmt::format("--predictive minimises the squared error: use --loss mse instead of {}",
                    name_of(spec.loss)));
  const auto refuse = [&](bool present, const char* other) {
    check(
        !present,
        fmt::format(
            "--predictive infers codes by a separate minimisation and cannot be combined with --{}",
            other));
  };
  refuse(spec.tied, "tied");
  refuse(!spec.feature_weights.empty(), "feature-weights");
  refuse(r.corrupted_weight != 1 || r.clean_weight != 1, "corrupted-weight and --clean-weight");
  refuse(r.code_noise.kind != Noise::none, "code-noise");
  refuse(r.kl_weight > 0, "kl-weight");
  refuse(r.k_sparse > 0, "k-sparse");
  refuse(r.contractive > 0, "contractive");
  refuse(r.hessian_weight > 0, "hessian-weight");
  refuse(r.variational, "variational");
}

// Groups are known as soon as the data are.
void check_groups(const AutoencoderSpec& spec) {
  if (spec.groups.empty()) return;
  check(spec.groups.back().features.end == spec.encoder.front().units,
        fmt::format("the columns of the data have {} features, but --layers begins with {}: begin "
                    "it with {}",
                    spec.groups.back().features.end, to_string(spec.encoder.front()),
                    spec.groups.back().features.end));
}

void check_feature_weights(const AutoencoderSpec& spec) {
  const auto& weights = spec.feature_weights;
  if (weights.empty()) return;
  check(static_cast<Index>(weights.size()) == spec.encoder.front().units,
        fmt::format(
            "--feature-weights has {} numbers, but --layers begins with {}: give one per feature",
            weights.size(), to_string(spec.encoder.front())));
  for (std::size_t i = 0; i < weights.size(); ++i) {
    check(weights[i] >= 0 && weights[i] <= 1e30F,
          fmt::format("--feature-weights holds {:g} for feature {}: weights must be at least 0",
                      weights[i], i));
  }
  check(std::ranges::any_of(weights, [](float weight) { return weight > 0; }),
        "--feature-weights are all 0: nothing would be learned");
}

void check_missing(const AutoencoderSpec& spec) {
  const Regularization& r = spec.regularization;
  if (spec.missing == Missing::mask) {
    check(spec.loss != Loss::ssim,
          "--missing mask leaves single elements out, but --loss ssim compares whole windows: use "
          "--loss mse, or --missing mean");
    check(
        !r.predictive,
        "--predictive infers codes from whole samples and cannot be combined with --missing mask: "
        "use --missing mean");
  }
  if (!spec.missing_indicator) return;
  check(
      spec.missing == Missing::mask,
      fmt::format("--missing-indicator feeds the mask of --missing mask, but --missing is {}: use "
                  "--missing mask, or leave out --missing-indicator",
                  name_of(spec.missing)));
  check(!spec.tied,
        "--tied cannot be combined with --missing-indicator, which doubles the encoder's inputs "
        "alone: leave out --tied or --missing-indicator");
  check(!(r.contractive > 0 || r.hessian_weight > 0),
        "--contractive and --hessian-weight are about dh/dx and cannot be combined with "
        "--missing-indicator, whose inputs are 0 or 1: use one or the other");
}

void check_conditions(const AutoencoderSpec& spec) {
  if (spec.conditions.empty()) return;
  const Regularization& r = spec.regularization;
  for (const auto& [name, used] : {std::pair{"contractive", r.contractive > 0},
                                   {"hessian-weight", r.hessian_weight > 0},
                                   {"predictive", r.predictive}}) {
    check(!used,
          fmt::format("--condition cannot be combined with --{}: leave out one of them", name));
  }
  const bool dense = spec.encoder[1].kind == LayerSpec::Kind::dense &&
                     spec.decoder[1].kind == LayerSpec::Kind::dense;
  check(dense,
        "--condition needs dense first layers of encoder and decoder: convolutions take no "
        "conditions");
}

// Of --loss nb and zinb.
void check_count_loss(const AutoencoderSpec& spec) {
  if (logits_per_feature(spec.loss) == 1) return;
  check(spec.decoder.back().kind == LayerSpec::Kind::dense,
        fmt::format("--loss {} needs a dense output layer: end --decoder-layers {} with a width",
                    name_of(spec.loss), to_string(spec.decoder)));
  check(!spec.tied || (spec.loss == Loss::nb && spec.dispersion == Dispersion::gene),
        "--tied cannot be combined with the further outputs of --loss zinb and --dispersion "
        "gene-cell: use --loss nb with --dispersion gene, or leave out --tied");
}

void check_counts(const AutoencoderSpec& spec) {
  check_count_loss(spec);
  const bool likelihood = distribution_of(spec.loss, spec.output_activation).has_value();
  check(!likelihood || spec.missing == Missing::refuse,
        fmt::format("--loss {} is about complete counts and cannot be combined with --missing {}: "
                    "leave out --missing",
                    name_of(spec.loss), name_of(spec.missing)));
  if (spec.counts != Counts::none) {
    check(likelihood,
          fmt::format("--counts log1p keeps the counts as the target: use --output-activation "
                      "linear with --loss nb, zinb or poisson instead of {} with --loss {}",
                      name_of(spec.output_activation), name_of(spec.loss)));
  }
  check(spec.library_size == LibrarySize::observed ||
            (spec.counts != Counts::none && spec.regularization.variational),
        fmt::format("--library latent is a latent variable of counts, but {} is off: use "
                    "--variational with --counts log1p, or --library observed",
                    spec.counts == Counts::none ? "--counts" : "--variational"));
  if (spec.sparse_input != SparseInput::on) return;
  const std::string obstacle = sparse_input_obstacle(spec);
  check(obstacle.empty(),
        fmt::format("--sparse-input on cannot be combined with --{}, which needs inputs that are "
                    "zero too: use --sparse-input off",
                    obstacle));
}

}  // namespace

void check_spec(const AutoencoderSpec& spec) {
  check_layers(spec);
  check_conditions(spec);
  check_loss(spec.loss, spec.output_activation);
  const ImageShape& input = spec.encoder.front().image;
  check(spec.loss != Loss::ssim || !input.known() || input.is_image(),
        fmt::format("--loss ssim compares images, but --layers {} is not about images: use --loss "
                    "mse",
                    to_string(spec.encoder)));
  check(spec.loss != Loss::ssim || spec.image.known(),
        "--loss ssim compares images: give --image-shape, e.g. 28x28, or data of shape N x H x W; "
        "or use --loss mse");
  check(spec.huber_delta > 0,
        fmt::format("--huber-delta must be above 0, not {}", spec.huber_delta));
  check_noise(spec);
  check_sparsity(spec);
  check_sparse_codes(spec);
  check_contractive(spec);
  check_variational(spec);
  check_predictive(spec);
  check_feature_weights(spec);
  check_missing(spec);
  check_groups(spec);
  check_counts(spec);
  check_target(spec);
}

}  // namespace hourglass
