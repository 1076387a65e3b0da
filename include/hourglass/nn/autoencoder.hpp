#pragma once

#include <span>
#include <vector>

#include "hourglass/nn/loss.hpp"
#include "hourglass/nn/network.hpp"
#include "hourglass/nn/trainable.hpp"
#include "hourglass/param/layout.hpp"

namespace hourglass {

/// The shape of an autoencoder: what decides its parameters and its function, as plain data.
struct AutoencoderSpec {
  std::vector<Index> encoder;  ///< widths from the input to the code, e.g. 784, 1000, 500, 250, 30
  std::vector<Index> decoder;  ///< widths from the code to the output; empty mirrors the encoder
  Activation activation = Activation::relu;
  Activation code_activation = Activation::linear;
  Activation output_activation = Activation::sigmoid;
  Loss loss = Loss::mse;
  bool feature_mean = true;  ///< loss averaged over features (true) or summed (false)
};

/// x^ = r(f(x)): a network whose first layers are the encoder f and the others the decoder r, the arena layout of its
/// parameters ("encoder/0/weight", "encoder/0/bias", ..., "decoder/0/weight", ...) and its loss.
class Autoencoder final : public Trainable {
 public:
  /// Throws Error(usage) naming the settings that do not fit together.
  explicit Autoencoder(const AutoencoderSpec& spec);

  [[nodiscard]] const AutoencoderSpec& spec() const { return spec_; }
  [[nodiscard]] const Layout& layout() const override { return layout_; }
  [[nodiscard]] const Network& network() const { return network_; }
  [[nodiscard]] Index features() const override { return spec_.encoder.front(); }
  [[nodiscard]] Index code_size() const { return spec_.encoder.back(); }
  [[nodiscard]] std::vector<TensorRole> roles() const override;
  [[nodiscard]] Workspace make_workspace(Index max_rows) const override { return network_.make_workspace(max_rows); }
  /// Multiply-adds times two of one sample's forward and backward pass: the GEMMs' work.
  [[nodiscard]] double flops_per_sample() const;

  LossSums train_pass(const float* parameters, ConstMatrix samples, float scale, Workspace& workspace, float* gradient,
                      const PassContext& context, const GradientReady& ready) const override;
  /// The same from an `input` that may be a corrupted copy of `target`.
  LossSums train_pass(const float* parameters, ConstMatrix input, ConstMatrix target, float scale, Workspace& workspace,
                      float* gradient, const PassContext& context, const GradientReady& ready) const;

  /// Codes h = f(x) of a micro-batch (rows x code_size), living in the workspace.
  ConstMatrix encode(const float* parameters, ConstMatrix x, Workspace& workspace) const;
  /// x^ = r(f(x)) of a micro-batch (rows x features), living in the workspace.
  ConstMatrix reconstruct(const float* parameters, ConstMatrix x, Workspace& workspace) const;
  /// x^ = r(h) of given codes.
  ConstMatrix decode(const float* parameters, ConstMatrix codes, Workspace& workspace) const;
  /// reconstruct() and its loss sums against x.
  LossSums evaluate(const float* parameters, ConstMatrix x, Workspace& workspace) const override;

 private:
  AutoencoderSpec spec_;
  Layout layout_;
  Network network_;
  Index code_layer_ = 0;  // index of the layer whose output is the code
};

}  // namespace hourglass
