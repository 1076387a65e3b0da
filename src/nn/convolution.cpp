#include "nn/convolution.hpp"

#include <algorithm>
#include <iterator>

#include "hourglass/core/error.hpp"
#include "math/blas.hpp"
#include "nn/kronecker_factors.hpp"

namespace hourglass {

namespace {

// Floats of the patches of one product: from being gathered to being multiplied they stay in the
// second-level cache.
constexpr Index tile_floats = Index{1} << 16;

ImageWindows windows_of(const LayerSpec& layer, const ImageShape& inputs,
                        const ImageShape& outputs) {
  const bool transposed = layer.kind == LayerSpec::Kind::transposed_convolution;
  const ImageShape& small = transposed ? inputs : outputs;
  return {transposed ? outputs : inputs, small.extents(), layer.window};
}

// Whole rows of the grid, except in one dimension, where a sample is one row of any length.
Index tile_positions_of(const ImageWindows& windows) {
  const Index unit = windows.window.dimensions == 1 ? 1 : windows.grid.width;
  return unit * std::max<Index>(1, tile_floats / (unit * windows.patch()));
}

std::vector<Index> weight_shape(const ImageWindows& windows, const ImageShape& small) {
  std::vector<Index> shape = {small.channels, windows.image.channels};
  std::ranges::copy(axes_of(windows.window.kernel, windows.window.dimensions),
                    std::back_inserter(shape));
  return shape;
}

}  // namespace

Convolution::Convolution(Layout& layout, const std::string& name, const LayerSpec& layer,
                         const ImageShape& inputs, const ImageShape& outputs, Activation activation)
    : transposed_(layer.kind == LayerSpec::Kind::transposed_convolution),
      windows_(windows_of(layer, inputs, outputs)),
      small_(transposed_ ? inputs : outputs),
      activation_(activation),
      tile_positions_(tile_positions_of(windows_)),
      weight_(layout.add(name + "/weight", weight_shape(windows_, small_))),
      bias_(layout.add(name + "/bias", {outputs.channels})),
      weight_tensor_(layout.tensor(weight_)),
      bias_tensor_(layout.tensor(bias_)) {}

Convolution::Convolution(Layout& layout, const std::string& name, Convolution& other,
                         Activation activation)
    : transposed_(!other.transposed_),
      mirrors_(true),
      windows_(other.windows_),
      small_(other.small_),
      activation_(activation),
      tile_positions_(other.tile_positions_),
      weight_(other.weight_),
      bias_(layout.add(name + "/bias", {output_image().channels})),
      weight_tensor_(other.weight_tensor_),
      bias_tensor_(layout.tensor(bias_)) {
  other.mirrored_ = true;
}

std::vector<TensorRole> Convolution::roles() const {
  // A pixel of the large side lies under kernel / stride windows along each axis, on average.
  const Window& w = windows_.window;
  const Index small_fan = windows_.patch();
  const Index large_fan =
      std::max<Index>(1, small_.channels * w.kernel.product() / w.stride.product());
  const Index fan_in = transposed_ ? large_fan : small_fan;
  const Index fan_out = transposed_ ? small_fan : large_fan;
  const TensorRole bias{bias_, true, fan_in, fan_out};
  if (mirrors_) return {bias};
  return {{weight_, false, fan_in, fan_out, {}, !mirrored_}, bias};
}

Index Convolution::scratch_per_row() const { return saves_derivative(activation_) ? outputs() : 0; }

Index Convolution::fixed_scratch() const {
  return 2 * weight_tensor_.size + tile_positions_ * windows_.patch();
}

Convolution::Scratch Convolution::divide(std::span<float> scratch, Index rows) const {
  Scratch result;
  float* at = scratch.data();
  if (saves_derivative(activation_)) result.derivative = {at, rows, outputs()};
  at += rows * scratch_per_row();
  result.weight = {at, small_.channels, windows_.patch()};
  at += weight_tensor_.size;
  result.weight_gradient = {at, small_.channels, windows_.patch()};
  at += weight_tensor_.size;
  result.patches = {at, static_cast<std::size_t>(tile_positions_ * windows_.patch())};
  return result;
}

// One pixel per row: bias and activation act on channels.
Matrix Convolution::as_pixels(Matrix images) const {
  require(images.stride == images.columns, "images of a convolution that do not lie together");
  const Index channels = output_image().channels;
  return {images.data, images.rows * (images.columns / channels), channels};
}

ConstMatrix Convolution::small_pixels(ConstMatrix images, Range positions) const {
  require(images.stride == images.columns, "images of a convolution that do not lie together");
  return {images.data + positions.begin * small_.channels, positions.size(), small_.channels};
}

Matrix Convolution::small_pixels(Matrix images, Range positions) const {
  const ConstMatrix view = small_pixels(ConstMatrix(images), positions);
  return {images.data + (view.data - images.data), view.rows, view.columns};
}

// Calls visit(positions of the grid, memory for their patches).
template <class Visit>
void Convolution::for_each_tile(Index samples, std::span<float> memory, Visit visit) const {
  const Index all = samples * windows_.positions();
  for (Index begin = 0; begin < all; begin += tile_positions_) {
    const Range positions{begin, std::min(all, begin + tile_positions_)};
    visit(positions, Matrix(memory.data(), positions.size(), windows_.patch()));
  }
}

void Convolution::to_small(ConstMatrix large, const Scratch& scratch, Matrix small) const {
  for_each_tile(large.rows, scratch.patches, [&](Range positions, Matrix patches) {
    gather_patches(windows_, large, positions, patches);
    gemm(false, true, patches, scratch.weight, 0, small_pixels(small, positions));
  });
}

void Convolution::to_large(ConstMatrix small, const Scratch& scratch, Matrix large) const {
  for (Index r = 0; r < large.rows; ++r) std::ranges::fill(large.row(r), 0.0F);
  for_each_tile(small.rows, scratch.patches, [&](Range positions, Matrix patches) {
    gemm(false, false, small_pixels(small, positions), scratch.weight, 0, patches);
    add_patches(windows_, patches, positions, large);
  });
}

void Convolution::add_to_weight(ConstMatrix small, ConstMatrix large,
                                const Scratch& scratch) const {
  for_each_tile(large.rows, scratch.patches, [&](Range positions, Matrix patches) {
    gather_patches(windows_, large, positions, patches);
    gemm(true, false, small_pixels(small, positions), patches, positions.begin == 0 ? 0.0F : 1.0F,
         scratch.weight_gradient);
  });
}

void Convolution::forward(const float* parameters, ConstMatrix x, Matrix y, std::span<float> memory,
                          const PassContext& context) const {
  if (x.rows == 0) return;
  const Scratch scratch = divide(memory, x.rows);
  weights_to_patches(windows_, parameters + weight_tensor_.offset, scratch.weight);
  transposed_ ? to_large(x, scratch, y) : to_small(x, scratch, y);
  const Index channels = output_image().channels;
  const std::span<const float> bias(parameters + bias_tensor_.offset,
                                    static_cast<std::size_t>(channels));
  const bool save = context.training && !scratch.derivative.empty();
  activation_forward(activation_, bias, as_pixels(y),
                     save ? as_pixels(scratch.derivative) : Matrix());
}

void Convolution::backward(const float* /*parameters*/, ConstMatrix x, ConstMatrix y, Matrix dy,
                           Matrix dx, float* gradient, std::span<float> memory,
                           const PassContext& /*context*/) const {
  const Scratch scratch = divide(memory, x.rows);
  const Matrix dz = as_pixels(dy);
  const std::span<float> bias_gradient(gradient + bias_tensor_.offset,
                                       static_cast<std::size_t>(dz.columns));
  activation_backward(
      activation_, {y.data, dz.rows, dz.columns},
      scratch.derivative.empty() ? ConstMatrix() : ConstMatrix(as_pixels(scratch.derivative)), dz,
      bias_gradient);
  transposed_ ? add_to_weight(x, dy, scratch) : add_to_weight(dy, x, scratch);
  weights_from_patches(windows_, scratch.weight_gradient, mirrored_,
                       gradient + weight_tensor_.offset);
  if (dx.empty()) return;
  // The forward pass left the weight's copy in the scratch memory.
  transposed_ ? to_small(dy, scratch, dx) : to_large(dy, scratch, dx);
}

// Positions take the place of samples (KFC, Grosse & Martens 2016): the small side's pixels are the
// rows of the weight's left factor, the patches those of its right one, in the weight's order.
void Convolution::sum_factors(ConstMatrix x, ConstMatrix dz, std::span<float> memory,
                              const PassContext& context) const {
  if (mirrors_ || mirrored_) return;
  const Scratch scratch = divide(memory, x.rows);
  const ConstMatrix small = transposed_ ? x : dz;
  const ConstMatrix large = transposed_ ? dz : x;
  const FactorRole small_role = transposed_ ? FactorRole::inputs : FactorRole::gradients;
  const FactorRole large_role = transposed_ ? FactorRole::gradients : FactorRole::inputs;
  sum_factor(context, weight_, FactorSide::left, small_role,
             small_pixels(small, {0, small.rows * windows_.positions()}), false);
  // The gradient, copied to its place by backward, is no longer needed.
  float* const ordered = scratch.weight_gradient.data;
  for_each_tile(large.rows, scratch.patches, [&](Range positions, Matrix patches) {
    gather_patches(windows_, large, positions, patches);
    for (Index r = 0; r < patches.rows; ++r) {
      const std::span<float> patch = patches.row(r);
      weights_from_patches(windows_, {patch.data(), 1, patches.columns}, false, ordered);
      std::copy_n(ordered, patch.size(), patch.data());
    }
    sum_factor(context, weight_, FactorSide::right, large_role, patches, positions.begin > 0);
  });
}

}  // namespace hourglass
