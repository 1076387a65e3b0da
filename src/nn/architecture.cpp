#include "architecture.hpp"

#include <fmt/format.h>

#include "hourglass/core/error.hpp"
#include "hourglass/nn/dense.hpp"

namespace hourglass {

namespace {

void check(bool valid, const std::string& message) {
  if (!valid) throw Error(ErrorKind::usage, message);
}

}  // namespace

AutoencoderSpec completed(AutoencoderSpec spec) {
  check(spec.encoder.size() >= 2,
        fmt::format("--layers {} has no layer: name at least the input width and the code width, e.g. 784,30",
                    fmt::join(spec.encoder, ",")));
  if (spec.decoder.empty()) spec.decoder.assign(spec.encoder.rbegin(), spec.encoder.rend());
  for (const Index width : spec.encoder) check(width >= 1, fmt::format("--layers: a width must be at least 1, not {}", width));
  for (const Index width : spec.decoder) {
    check(width >= 1, fmt::format("--decoder-layers: a width must be at least 1, not {}", width));
  }
  check(spec.decoder.size() >= 2 && spec.decoder.front() == spec.encoder.back(),
        fmt::format("--decoder-layers {} must begin with the code width of --layers, {}", fmt::join(spec.decoder, ","),
                    spec.encoder.back()));
  check(spec.decoder.back() == spec.encoder.front(),
        fmt::format("--decoder-layers {} must end with the input width of --layers, {}", fmt::join(spec.decoder, ","),
                    spec.encoder.front()));
  check_loss(spec.loss, spec.output_activation);
  return spec;
}

// The last layer gives logits: its activation is the loss's business, which fuses the two.
Network build_network(const AutoencoderSpec& spec, Layout& layout) {
  std::vector<std::unique_ptr<Layer>> layers;
  const auto add = [&](const char* part, const std::vector<Index>& widths, Activation last) {
    for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
      const Activation activation = i + 2 == widths.size() ? last : spec.activation;
      layers.push_back(std::make_unique<Dense>(layout, fmt::format("{}/{}", part, i), widths[i], widths[i + 1], activation));
    }
  };
  add("encoder", spec.encoder, spec.code_activation);
  add("decoder", spec.decoder, Activation::linear);
  return {std::move(layers), layout};
}

}  // namespace hourglass
