#pragma once

#include "core/layout.hpp"
#include "nn/activation.hpp"
#include "nn/image_windows.hpp"
#include "nn/layer.hpp"
#include "nn/layer_spec.hpp"

namespace hourglass {

/// A convolution or its transposed form over series T x C, images H x W x C or volumes D x H x W x
/// C, with stride and padding, by patches and matrix products (im2col and GEMM). The output is the
/// small side of a convolution and the large side of its transposed form. With P the patches of the
/// large side's images, one for each position of the small side, and W the weights, channels of the
/// small side x patch:
///   convolution             small = s(P(large) W^T + b)   dW = dz^T P(x),  dx = P^T(dz W)
///   transposed convolution  large = s(P^T(small W) + b)   dW = x^T P(dz),  dx = P(dz) W^T
/// where P^T adds patches to the pixels they came from. Weights are stored as in PyTorch: outputs x
/// inputs x kernel (Conv1d, Conv2d, Conv3d), inputs x outputs x kernel (ConvTranspose1d, ...), the
/// kernel's depth x height x width as far as there are such axes. A product covers as many
/// positions as give patches of about a cache's size: a number that depends on the layer alone.
class Convolution final : public Layer {
 public:
  /// Adds "<name>/weight" and "<name>/bias" (one per output channel) to the layout. `layer` is a
  /// convolution of either kind from images `inputs` to images `outputs` (nn/layer_spec.hpp).
  Convolution(Layout& layout, const std::string& name, const LayerSpec& layer,
              const ImageShape& inputs, const ImageShape& outputs, Activation activation);
  /// The mirror of `other` with tied weights: from its outputs to its inputs with its own weight,
  /// which collects the gradient of both. Adds "<name>/bias" only.
  Convolution(Layout& layout, const std::string& name, Convolution& other, Activation activation);

  [[nodiscard]] Activation activation() const { return activation_; }
  [[nodiscard]] Index inputs() const override {
    return transposed_ ? small_.size() : windows_.image.size();
  }
  [[nodiscard]] Index outputs() const override {
    return transposed_ ? windows_.image.size() : small_.size();
  }
  [[nodiscard]] std::vector<TensorRole> roles() const override;
  [[nodiscard]] Index scratch_per_row() const override;
  [[nodiscard]] Index fixed_scratch() const override;
  [[nodiscard]] double flops_per_row() const override {
    return 2.0 * static_cast<double>(small_.size()) * static_cast<double>(windows_.patch());
  }
  void forward(const float* parameters, ConstMatrix x, Matrix y, std::span<float> scratch,
               const PassContext& context) const override;
  void backward(const float* parameters, ConstMatrix x, ConstMatrix y, Matrix dy, Matrix dx,
                float* gradient, std::span<float> scratch,
                const PassContext& context) const override;
  void sum_factors(ConstMatrix x, ConstMatrix dz, std::span<float> scratch,
                   const PassContext& context) const override;

 private:
  struct Scratch {
    Matrix derivative;       // rows x outputs, for activations that save it
    Matrix weight;           // small channels x patch
    Matrix weight_gradient;  // the same
    std::span<float> patches;
  };
  [[nodiscard]] Scratch divide(std::span<float> scratch, Index rows) const;
  [[nodiscard]] const ImageShape& output_image() const {
    return transposed_ ? windows_.image : small_;
  }
  [[nodiscard]] Matrix as_pixels(Matrix images) const;
  [[nodiscard]] ConstMatrix small_pixels(ConstMatrix images, Range positions) const;
  [[nodiscard]] Matrix small_pixels(Matrix images, Range positions) const;
  template <class Visit>
  void for_each_tile(Index samples, std::span<float> memory, Visit visit) const;

  void to_small(ConstMatrix large, const Scratch& scratch, Matrix small) const;
  void to_large(ConstMatrix small, const Scratch& scratch, Matrix large) const;
  void add_to_weight(ConstMatrix small, ConstMatrix large, const Scratch& scratch) const;

  bool transposed_;
  bool mirrors_ = false;   // the weight is another layer's
  bool mirrored_ = false;  // another layer shares this weight; its backward pass comes first
  ImageWindows windows_;   // over the large side
  ImageShape small_;
  Activation activation_;
  Index tile_positions_;  // positions of the grid in one product
  Slot weight_;
  Slot bias_;
  Tensor weight_tensor_;
  Tensor bias_tensor_;
};

}  // namespace hourglass
