#include "model/architecture.hpp"

#include <fmt/format.h>

#include <cmath>

#include "hourglass/core/error.hpp"
#include "model/paired_target.hpp"
#include "model/spec_checks.hpp"
#include "nn/activation_layer.hpp"
#include "nn/condition_bias.hpp"
#include "nn/convolution.hpp"
#include "nn/dense.hpp"
#include "nn/gaussian_sample.hpp"
#include "nn/gene_dispersion.hpp"
#include "nn/latent_library.hpp"
#include "nn/layer_norm.hpp"
#include "nn/sparse_decoder.hpp"
#include "nn/sparse_encoder.hpp"
#include "nn/top_k.hpp"

namespace hourglass {

namespace {

// A layer with a weight, which another layer may mirror.
struct Linear {
  Dense* dense = nullptr;
  Convolution* convolution = nullptr;
};

class Builder {
 public:
  Builder(const AutoencoderSpec& spec, Layout& layout) : spec_(spec), layout_(layout) {}

  Architecture build() {
    auto encoder_shapes = unit_shapes(spec_.encoder, "layers");
    if (spec_.missing_indicator) {
      encoder_shapes.front().units *= 2;
      encoder_shapes.front().image.channels *= 2;
    }
    const std::size_t last = spec_.encoder.size() - 1;
    std::vector<Linear> encoder;
    for (std::size_t i = 1; i <= last; ++i) {
      const Place place{fmt::format("encoder/{}", i - 1), spec_.encoder[i], encoder_shapes[i - 1],
                        encoder_shapes[i]};
      encoder.push_back(i < last ? add_hidden(place, {}) : add_code(place));
    }
    result_.code_layer = count() - 1;
    const Regularization& regularization = spec_.regularization;
    if (regularization.code_noise.kind != Noise::none && !regularization.code_noise_before) {
      add_noise(encoder_shapes.back().units, regularization.code_noise);
    }
    const auto decoder_shapes = unit_shapes(spec_.decoder, "decoder-layers");
    for (std::size_t i = 1; i < spec_.decoder.size(); ++i) {
      const Linear source = spec_.tied ? encoder[encoder.size() - i] : Linear{};
      const Place place{fmt::format("decoder/{}", i - 1), spec_.decoder[i], decoder_shapes[i - 1],
                        decoder_shapes[i]};
      if (i + 1 < spec_.decoder.size()) {
        add_hidden(place, source);
      } else {
        // The last layer gives logits: the loss applies the output activation.
        add_output(place, source);
      }
    }
    const bool plain = !spec_.layer_norm && !encoder_noise_ && regularization.k_sparse == 0 &&
                       !regularization.variational && !regularization.code_noise_before &&
                       !has_convolutions(spec_.encoder) && spec_.conditions.empty() &&
                       !spec_.sparsity.on();
    if (plain) {
      for (const Linear& layer : encoder) result_.encoder_layers.push_back(layer.dense);
    }
    result_.network = Network(std::move(layers_), layout_);
    return std::move(result_);
  }

 private:
  // A layer's place: the name of its tensors, its specification, and the shapes on both sides.
  struct Place {
    std::string name;
    LayerSpec layer;
    UnitShape inputs;
    UnitShape outputs;
  };

  [[nodiscard]] Index count() const { return static_cast<Index>(layers_.size()); }

  template <class T, class... Arguments>
  T* add(Arguments&&... arguments) {
    auto layer = std::make_unique<T>(std::forward<Arguments>(arguments)...);
    T* const added = layer.get();
    layers_.push_back(std::move(layer));
    return added;
  }

  // The first layer of encoder and decoder is told the conditions before its non-linearity.
  Linear add_linear(const Place& at, Activation activation, const Linear& source) {
    if (spec_.conditions.empty() || !at.name.ends_with("/0"))
      return add_affine(at, activation, source);
    const Linear linear = add_affine(at, Activation::linear, source);
    add_conditions(at, at.outputs.units);
    if (activation != Activation::linear) add<ActivationLayer>(at.outputs.units, activation);
    return linear;
  }

  void add_conditions(const Place& at, Index width) {
    if (spec_.conditions.empty() || !at.name.ends_with("/0")) return;
    add<ConditionBias>(layout_, at.name, width, static_cast<Index>(spec_.conditions.size()),
                       category_count(spec_.conditions));
  }

  Linear add_affine(const Place& at, Activation activation, const Linear& source) {
    if (spec_.sparsity.on() && at.name == "decoder/0") {
      result_.sparse_decoder =
          add<SparseDecoder>(layout_, at.name, at.inputs.units, at.outputs.units, activation);
      return {};
    }
    if (source.dense != nullptr) return {add<Dense>(layout_, at.name, *source.dense, activation)};
    if (source.convolution != nullptr) {
      return {nullptr, add<Convolution>(layout_, at.name, *source.convolution, activation)};
    }
    if (at.layer.kind == LayerSpec::Kind::dense) {
      return {add<Dense>(layout_, at.name, at.inputs.units, at.outputs.units, activation)};
    }
    return {nullptr, add<Convolution>(layout_, at.name, at.layer, at.inputs.image, at.outputs.image,
                                      activation)};
  }

  void add_noise(Index width, const NoiseSpec& spec) { add<NoiseLayer>(width, spec, noises_++); }

  Linear add_hidden(const Place& at, const Linear& source) {
    const Linear linear =
        add_linear(at, spec_.layer_norm ? Activation::linear : spec_.activation, source);
    const Index outputs = at.outputs.units;
    if (spec_.layer_norm) {
      // In a convolution the units of a channel share gain and shift.
      const Index gains = linear.convolution != nullptr ? at.outputs.image.channels : outputs;
      add<LayerNorm>(layout_, at.name + "/norm", outputs, gains);
      add<ActivationLayer>(outputs, spec_.activation);
    }
    result_.hidden_layers.push_back(count() - 1);
    const NoiseSpec& noise =
        spec_.regularization.hidden_noise.at(static_cast<Index>(result_.hidden_layers.size()));
    if (noise.kind != Noise::none) {
      add_noise(outputs, noise);
      if (at.name.starts_with("encoder")) encoder_noise_ = true;
    }
    return linear;
  }

  void add_output(Place at, const Linear& source) {
    const Index features = at.outputs.units;
    const Index logits = logits_per_feature(spec_.loss) * features;
    const bool dispersed = logits > features && spec_.dispersion == Dispersion::gene;
    at.outputs.units = dispersed ? logits - features : logits;
    result_.output_layer = add_linear(at, Activation::linear, source).dense;
    if (dispersed) add<GeneDispersion>(layout_, "dispersion", features, logits);
  }

  Linear add_code(const Place& at) {
    const Regularization& regularization = spec_.regularization;
    const Index code = at.outputs.units;
    if (spec_.sparsity.on()) {
      result_.sparse_encoder =
          add<SparseEncoder>(layout_, at.name, at.inputs.units, code, spec_.sparsity.selection);
      return {};
    }
    if (regularization.variational) {
      const bool latent_library = spec_.library_size == LibrarySize::latent;
      const Index units = latent_library ? code + 1 : code;
      const Linear posterior{
          add<Dense>(layout_, at.name, at.inputs.units, 2 * units, Activation::linear)};
      add_conditions(at, 2 * units);
      result_.posterior_layer = count() - 1;
      add<GaussianSample>(units);
      if (latent_library) add<LatentLibrary>(code, spec_.library_prior);
      result_.latent_library = latent_library;
      return posterior;
    }
    const bool noisy =
        regularization.code_noise.kind != Noise::none && regularization.code_noise_before;
    const Linear linear = add_linear(at, noisy ? Activation::linear : spec_.code_activation, {});
    if (noisy) {
      add_noise(code, regularization.code_noise);
      add<ActivationLayer>(code, spec_.code_activation);
    }
    if (const Index k = regularization.k_sparse; k > 0) {
      add<TopK>(code, k, std::llround(regularization.k_sparse_alpha * static_cast<double>(k)));
    }
    return linear;
  }

  const AutoencoderSpec& spec_;
  Layout& layout_;
  std::vector<std::unique_ptr<Layer>> layers_;
  Index noises_ = 0;
  bool encoder_noise_ = false;
  Architecture result_;
};

}  // namespace

AutoencoderSpec with_defaults(AutoencoderSpec spec) {
  if (spec.decoder.empty()) {
    spec.decoder = mirrored(spec.encoder, "layers");
    set_output_width(spec);
  }
  if (!spec.image.known() && !spec.encoder.empty() && spec.encoder.front().image.is_image())
    spec.image = spec.encoder.front().image;
  check_spec(spec);
  return spec;
}

Index indicator_group(const AutoencoderSpec& spec) {
  if (!spec.missing_indicator) return 0;
  return has_convolutions(spec.encoder) ? spec.image.channels : spec.encoder.front().units;
}

std::string sparse_input_obstacle(const AutoencoderSpec& spec) {
  const Regularization& r = spec.regularization;
  if (has_convolutions(spec.encoder)) return "layers that has convolutions";
  if (r.corruption.kind != Corruption::none) return "corruption";
  if (r.contractive > 0) return "contractive";
  if (r.hessian_weight > 0) return "hessian-weight";
  if (r.predictive) return "predictive";
  if (spec.sparsity.on() && spec.encoder.size() == 2) return "sparsity of a single encoder layer";
  return spec.missing == Missing::mask ? "missing mask" : "";
}

SampleInput sample_input_of(const AutoencoderSpec& spec) {
  const bool counts = spec.counts != Counts::none;
  const bool wanted = spec.sparse_input == SparseInput::on ||
                      (spec.sparse_input == SparseInput::automatic && counts);
  return {spec.encoder.front().units, counts ? (spec.library > 0 ? spec.library : 1) : 0,
          wanted && sparse_input_obstacle(spec).empty()};
}

std::span<const float> size_factors(const Architecture& architecture,
                                    std::span<const float> observed, Workspace& workspace,
                                    Index rows) {
  if (!architecture.latent_library) return observed;
  return LatentLibrary::sizes(workspace.scratch(architecture.code_layer, rows));
}

std::span<float> size_gradient(const Architecture& architecture, Workspace& workspace, Index rows) {
  if (!architecture.latent_library) return {};
  return LatentLibrary::size_gradient(workspace.scratch(architecture.code_layer, rows));
}

Architecture build_architecture(const AutoencoderSpec& spec, Layout& layout) {
  return Builder(spec, layout).build();
}

}  // namespace hourglass
