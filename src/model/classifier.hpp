#pragma once

#include <cstdint>
#include <span>

#include "model/autoencoder.hpp"
#include "model/trainable.hpp"

namespace hourglass {

/// Softmax regression p = softmax(h W^T + b) with the cross-entropy -ln p[label], where h (rows x
/// width) are the samples or the codes of an encoder that is trained with it. A sample's label is
/// labels[id]. The layout begins with the encoder's tensors, at their places in the autoencoder's
/// arena, and ends with "softmax/weight" (classes x width) and "softmax/bias".
/// LossSums::squared_error counts the samples whose label is not the likeliest class.
class Classifier final : public Trainable {
 public:
  /// On samples of `features` numbers. `labels`, one per sample and below `classes`, outlive this.
  Classifier(Index features, Index classes, std::span<const std::int32_t> labels);
  /// On the codes of `encoder`, which outlives this. The encoder's parameters are trained too, with
  /// its noise.
  Classifier(const Autoencoder& encoder, Index classes, std::span<const std::int32_t> labels);

  [[nodiscard]] const Layout& layout() const override { return layout_; }
  [[nodiscard]] std::vector<TensorRole> roles() const override { return roles_; }
  [[nodiscard]] Index features() const override {
    return encoder_ == nullptr ? width_ : encoder_->features();
  }
  [[nodiscard]] Workspace make_workspace(Index max_rows) const override;
  LossSums train_pass(const float* parameters, ConstMatrix samples, float scale,
                      Workspace& workspace, float* gradient, const PassContext& context,
                      const GradientReady& ready) const override;
  /// Throws Error(bug): without ids there are no labels.
  LossSums evaluate(const float* parameters, ConstMatrix samples,
                    Workspace& workspace) const override;

  /// h W^T + b (rows x classes), living in the workspace.
  Matrix logits(const float* parameters, ConstMatrix samples, Workspace& workspace,
                const PassContext& context) const;
  /// Floats of the arena that belong to the encoder.
  [[nodiscard]] Index encoder_size() const { return layout_.tensor(weight_).offset; }

 private:
  Classifier(Index width, Index classes, std::span<const std::int32_t> labels,
             const Autoencoder* encoder);
  [[nodiscard]] Range encoder_layers() const {
    return {0, encoder_->architecture().code_layer + 1};
  }

  const Autoencoder* encoder_;
  Index width_;  // of h
  Index classes_;
  std::span<const std::int32_t> labels_;
  Layout layout_;
  std::vector<TensorRole> roles_;
  Slot weight_ = 0;
  Slot bias_ = 0;
};

/// The first of the largest elements.
[[nodiscard]] Index likeliest(std::span<const float> logits);

}  // namespace hourglass
