#include "architecture.hpp"

#include <fmt/format.h>

#include <cmath>

#include "hourglass/core/error.hpp"
#include "hourglass/nn/activation_layer.hpp"
#include "hourglass/nn/dense.hpp"
#include "hourglass/nn/gaussian_sample.hpp"
#include "hourglass/nn/layer_norm.hpp"
#include "hourglass/nn/top_k.hpp"
#include "spec_checks.hpp"

namespace hourglass {

namespace {

class Builder {
 public:
  Builder(const AutoencoderSpec& spec, Layout& layout) : spec_(spec), layout_(layout) {}

  Architecture build() {
    const auto& widths = spec_.encoder;
    std::vector<Dense*> encoder;
    for (std::size_t i = 0; i + 2 < widths.size(); ++i) {
      encoder.push_back(add_hidden(fmt::format("encoder/{}", i), widths[i], widths[i + 1], nullptr));
    }
    encoder.push_back(add_code(fmt::format("encoder/{}", widths.size() - 2), widths[widths.size() - 2], widths.back()));
    result_.code_layer = count() - 1;
    const Regularization& regularization = spec_.regularization;
    if (regularization.code_noise.kind != Noise::none && !regularization.code_noise_before) {
      add_noise(widths.back(), regularization.code_noise);
    }
    for (std::size_t i = 0; i + 1 < spec_.decoder.size(); ++i) {
      Dense* const mirrored = spec_.tied ? encoder[encoder.size() - 1 - i] : nullptr;
      const std::string name = fmt::format("decoder/{}", i);
      if (i + 2 < spec_.decoder.size()) {
        add_hidden(name, spec_.decoder[i], spec_.decoder[i + 1], mirrored);
      } else {
        // The last layer gives logits: its activation is the loss's business, which fuses the two.
        add_dense(name, spec_.decoder[i], spec_.decoder[i + 1], Activation::linear, mirrored);
      }
    }
    const bool plain = !spec_.layer_norm && regularization.hidden_noise.kind == Noise::none && regularization.k_sparse == 0 &&
                       !regularization.variational && !regularization.code_noise_before;
    if (plain) result_.encoder_layers.assign(encoder.begin(), encoder.end());
    result_.network = Network(std::move(layers_), layout_);
    return std::move(result_);
  }

 private:
  [[nodiscard]] Index count() const { return static_cast<Index>(layers_.size()); }

  Dense* add_dense(const std::string& name, Index inputs, Index outputs, Activation activation, Dense* mirrored) {
    auto layer = mirrored != nullptr ? std::make_unique<Dense>(layout_, name, *mirrored, activation)
                                     : std::make_unique<Dense>(layout_, name, inputs, outputs, activation);
    Dense* const dense = layer.get();
    layers_.push_back(std::move(layer));
    return dense;
  }

  void add_noise(Index width, const NoiseSpec& spec) {
    layers_.push_back(std::make_unique<NoiseLayer>(width, spec, noises_++));
  }

  Dense* add_hidden(const std::string& name, Index inputs, Index outputs, Dense* mirrored) {
    const Activation fused = spec_.layer_norm ? Activation::linear : spec_.activation;
    Dense* const dense = add_dense(name, inputs, outputs, fused, mirrored);
    if (spec_.layer_norm) {
      layers_.push_back(std::make_unique<LayerNorm>(layout_, name + "/norm", outputs));
      layers_.push_back(std::make_unique<ActivationLayer>(outputs, spec_.activation));
    }
    result_.hidden_layers.push_back(count() - 1);
    if (spec_.regularization.hidden_noise.kind != Noise::none) add_noise(outputs, spec_.regularization.hidden_noise);
    return dense;
  }

  Dense* add_code(const std::string& name, Index inputs, Index code) {
    const Regularization& regularization = spec_.regularization;
    if (regularization.variational) {
      Dense* const dense = add_dense(name, inputs, 2 * code, Activation::linear, nullptr);
      result_.posterior_layer = count() - 1;
      layers_.push_back(std::make_unique<GaussianSample>(code));
      return dense;
    }
    const bool noisy = regularization.code_noise.kind != Noise::none && regularization.code_noise_before;
    Dense* const dense = add_dense(name, inputs, code, noisy ? Activation::linear : spec_.code_activation, nullptr);
    if (noisy) {
      add_noise(code, regularization.code_noise);
      layers_.push_back(std::make_unique<ActivationLayer>(code, spec_.code_activation));
    }
    if (const Index k = regularization.k_sparse; k > 0) {
      layers_.push_back(std::make_unique<TopK>(code, k, std::llround(regularization.k_sparse_alpha * static_cast<double>(k))));
    }
    return dense;
  }

  const AutoencoderSpec& spec_;
  Layout& layout_;
  std::vector<std::unique_ptr<Layer>> layers_;
  Index noises_ = 0;
  Architecture result_;
};

}  // namespace

AutoencoderSpec completed(AutoencoderSpec spec) {
  if (spec.decoder.empty()) spec.decoder.assign(spec.encoder.rbegin(), spec.encoder.rend());
  check_spec(spec);
  return spec;
}

Architecture build_architecture(const AutoencoderSpec& spec, Layout& layout) { return Builder(spec, layout).build(); }

}  // namespace hourglass
