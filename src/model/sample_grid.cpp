#include "model/sample_grid.hpp"

namespace hourglass {

namespace {

bool is_convolution(const LayerList& layers, std::size_t i) {
  return i < layers.size() && layers[i].kind != LayerSpec::Kind::dense;
}

}  // namespace

ImageShape grid_of(const AutoencoderSpec& spec) {
  if (is_convolution(spec.encoder, 1) && spec.encoder.front().image.known())
    return spec.encoder.front().image;
  if (!spec.decoder.empty() && is_convolution(spec.decoder, spec.decoder.size() - 1))
    return unit_shapes(spec.decoder, "decoder-layers").back().image;
  if (spec.image.known()) return spec.image;
  return spec.encoder.empty() ? ImageShape{} : spec.encoder.front().image;
}

bool depends_on_grid(const AutoencoderSpec& spec) {
  return is_convolution(spec.encoder, 1) ||
         (!spec.decoder.empty() && is_convolution(spec.decoder, spec.decoder.size() - 1)) ||
         spec.loss == Loss::ssim || is_structured(spec.regularization.corruption.kind);
}

}  // namespace hourglass
