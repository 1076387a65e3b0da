#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "nn/image_shape.hpp"
#include "nn/window.hpp"

namespace hourglass {

/// One item of a list of layers. The first item of a list is the input's shape, not a layer.
struct LayerSpec {
  enum class Kind {
    dense,        ///< every unit sees every input
    convolution,  ///< outputs = (inputs + 2 padding - kernel) / stride + 1, rounded down
    /// outputs = (inputs - 1) stride - 2 padding + kernel + output padding
    transposed_convolution,
  };

  LayerSpec(Index units_) : units(units_) {}  // NOLINT(google-explicit-constructor)
  LayerSpec(const ImageShape& image_)
      : units(image_.size()), image(image_) {}  // NOLINT(google-explicit-constructor)
  LayerSpec(Kind kind_, Index channels_, const Window& window_)
      : kind(kind_), channels(channels_), window(window_) {}

  Kind kind = Kind::dense;
  Index units = 0;     ///< dense: outputs
  ImageShape image;    ///< dense: the outputs' shape as an image, if it was given
  Index channels = 0;  ///< convolutions: outputs per pixel
  Window window;       ///< convolutions

  friend bool operator==(const LayerSpec&, const LayerSpec&) = default;
};

/// The layers of an encoder or decoder: the input's shape, then each layer.
using LayerList = std::vector<LayerSpec>;

/// "784", "28x28", "7x7x32" (dense, the latter two with a shape); "conv:16x3s2" (16 channels, 3 x
/// 3, stride 2); "tconv:...", the transposed form; "conv1d:", "conv3d:", "tconv1d:" and "tconv3d:"
/// over series and volumes ("conv2d:" is "conv:"). In full
/// conv:CHANNELSxKERNEL[sSTRIDE][pPADDING] and
/// tconv:CHANNELSxKERNEL[sSTRIDE][pPADDING][oOUTPUT PADDING], where numbers may be given by axis,
/// [DEPTHx]HEIGHTxWIDTH. Without p the padding is (kernel - 1) / 2, rounded down; without o the
/// outputs of a transposed convolution are as near to stride times the inputs as possible. A shape
/// before a convolution is what that works on: LENGTH[xCHANNELS] before conv1d,
/// DEPTHxHEIGHTxWIDTH[xCHANNELS] before conv3d; any other is HEIGHTxWIDTH[xCHANNELS].
[[nodiscard]] std::string to_string(const LayerSpec& layer);
/// Joined by commas.
[[nodiscard]] std::string to_string(const LayerList& layers);
/// Throws Error(usage).
[[nodiscard]] LayerList layer_list_from(std::string_view text);

/// The output of a layer: its units, and their shape as an image when that is known.
struct UnitShape {
  Index units = 0;
  ImageShape image;
};

/// The input's shape and the output shape of each layer: one per item of the list. Throws
/// Error(usage) naming `setting` where layers do not fit.
[[nodiscard]] std::vector<UnitShape> unit_shapes(const LayerList& layers, std::string_view setting);

/// The list that leads back, from the output of `layers` to their input exactly: convolutions
/// become transposed ones and vice versa.
[[nodiscard]] LayerList mirrored(const LayerList& layers, std::string_view setting);

[[nodiscard]] bool has_convolutions(const LayerList& layers);

}  // namespace hourglass
