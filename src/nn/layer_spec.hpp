#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "nn/image_shape.hpp"
#include "nn/window.hpp"

namespace hourglass {

/// One item of a list of layers. The first item of a list is no layer but the shape that enters.
struct LayerSpec {
  enum class Kind {
    dense,                   ///< every unit sees every input
    convolution,             ///< outputs = (inputs + 2 padding - kernel) / stride + 1, rounded down
    transposed_convolution,  ///< outputs = (inputs - 1) stride - 2 padding + kernel + output
                             ///< padding
  };

  LayerSpec(Index units_) : units(units_) {}  // NOLINT(google-explicit-constructor)
  LayerSpec(const ImageShape& image_)
      : units(image_.size()), image(image_) {}  // NOLINT(google-explicit-constructor)
  LayerSpec(Kind kind_, Index channels_, const Window& window_)
      : kind(kind_), channels(channels_), window(window_) {}

  Kind kind = Kind::dense;
  Index units = 0;     ///< dense: outputs
  ImageShape image;    ///< dense: how the outputs lie as an image, if that was said
  Index channels = 0;  ///< convolutions: outputs of a pixel
  Window window;       ///< convolutions

  friend bool operator==(const LayerSpec&, const LayerSpec&) = default;
};

/// The layers of an encoder or decoder: what enters, then what each layer gives.
using LayerList = std::vector<LayerSpec>;

/// "784", "28x28", "7x7x32" (dense, the latter two with a shape); "conv:16x3s2" (16 channels, 3 x
/// 3, stride 2); "tconv:...", the transposed form. In full conv:CHANNELSxKERNEL[sSTRIDE][pPADDING]
/// and tconv:CHANNELSxKERNEL[sSTRIDE][pPADDING][oOUTPUT PADDING], where numbers may be pairs
/// HEIGHTxWIDTH. Without p the padding is (kernel - 1) / 2, rounded down; without o the outputs of
/// a transposed convolution are as near to stride times the inputs as they can be.
[[nodiscard]] std::string to_string(const LayerSpec& layer);
/// Joined by commas.
[[nodiscard]] std::string to_string(const LayerList& layers);
/// Throws Error(usage).
[[nodiscard]] LayerList layer_list_from(std::string_view text);

/// What comes out of a layer: so many units, as an image when that is known.
struct UnitShape {
  Index units = 0;
  ImageShape image;
};

/// What enters and what comes out of each layer: as many as the list has items. Throws Error(usage)
/// naming `setting` where layers do not fit.
[[nodiscard]] std::vector<UnitShape> unit_shapes(const LayerList& layers, std::string_view setting);

/// The list that leads back: from what comes out of `layers` to what enters, exactly, convolutions
/// turned into transposed ones and the other way round.
[[nodiscard]] LayerList mirrored(const LayerList& layers, std::string_view setting);

[[nodiscard]] bool has_convolutions(const LayerList& layers);

}  // namespace hourglass
