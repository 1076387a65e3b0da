#include "nn/layer_spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/text_list.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr std::string_view convolution_prefix = "conv:";
constexpr std::string_view transposed_prefix = "tconv:";
// Larger extents are mistakes, and their products stay far from overflow.
constexpr Index largest_extent = Index{1} << 20;
constexpr Index largest_size = Index{1} << 31;

[[noreturn]] void refuse(const std::string& message) { throw Error(ErrorKind::usage, message); }

Extents usual_padding(const Extents& kernel) {
  return {(kernel.height - 1) / 2, (kernel.width - 1) / 2};
}

Extents usual_output_padding(const Window& w) {
  const auto along = [](Index kernel, Index stride, Index padding) {
    return std::clamp<Index>(stride + 2 * padding - kernel, 0, stride - 1);
  };
  return {along(w.kernel.height, w.stride.height, w.padding.height),
          along(w.kernel.width, w.stride.width, w.padding.width)};
}

std::string to_string(const Extents& extents) {
  return extents.height == extents.width ? fmt::format("{}", extents.height)
                                         : fmt::format("{}x{}", extents.height, extents.width);
}

// Reads the text of one item from left to right.
class ItemReader {
 public:
  explicit ItemReader(std::string_view item) : item_(item), rest_(item) {}

  [[nodiscard]] bool done() const { return rest_.empty(); }
  bool skip(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  Index number() {
    Index value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc{} || value < 0 || value > largest_extent) fail();
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }
  Extents extents() {
    Extents result;
    result.height = result.width = number();
    if (skip("x")) result.width = number();
    return result;
  }
  [[noreturn]] void fail() const {
    refuse(
        fmt::format("'{}' is not a layer: give a width (500), a shape (28x28, 7x7x32), conv:16x3s2 "
                    "(16 channels, 3 x 3 kernel, "
                    "stride 2) or tconv:16x3s2",
                    item_));
  }

 private:
  std::string_view item_;
  std::string_view rest_;
};

LayerSpec convolution_from(ItemReader& reader, LayerSpec::Kind kind) {
  const Index channels = reader.number();
  if (!reader.skip("x")) reader.fail();
  Window window;
  window.kernel = reader.extents();
  if (reader.skip("s")) window.stride = reader.extents();
  window.padding = reader.skip("p") ? reader.extents() : usual_padding(window.kernel);
  if (kind == LayerSpec::Kind::transposed_convolution) {
    window.output_padding = reader.skip("o") ? reader.extents() : usual_output_padding(window);
  }
  if (!reader.done()) reader.fail();
  return {kind, channels, window};
}

LayerSpec layer_from(std::string_view item) {
  ItemReader reader(item);
  if (reader.skip(convolution_prefix))
    return convolution_from(reader, LayerSpec::Kind::convolution);
  if (reader.skip(transposed_prefix))
    return convolution_from(reader, LayerSpec::Kind::transposed_convolution);
  // A sign is read here so that the error message can name the number.
  Index units = 0;
  const auto [end, error] = std::from_chars(item.data(), item.data() + item.size(), units);
  if (error == std::errc{} && end == item.data() + item.size()) return units;
  ImageShape image;
  image.height = reader.number();
  if (!reader.skip("x")) reader.fail();
  image.width = reader.number();
  if (reader.skip("x")) image.channels = reader.number();
  if (!reader.done()) reader.fail();
  return image;
}

// Height and width of a convolution's output; below 1 where nothing is left.
Extents outputs_of(const LayerSpec& layer, const ImageShape& image) {
  const auto along = [&](Index inputs, Index kernel, Index stride, Index padding,
                         Index output_padding) {
    if (layer.kind == LayerSpec::Kind::transposed_convolution)
      return (inputs - 1) * stride - 2 * padding + kernel + output_padding;
    return inputs + 2 * padding < kernel ? 0 : (inputs + 2 * padding - kernel) / stride + 1;
  };
  const Window& w = layer.window;
  return {
      along(image.height, w.kernel.height, w.stride.height, w.padding.height,
            w.output_padding.height),
      along(image.width, w.kernel.width, w.stride.width, w.padding.width, w.output_padding.width)};
}

void check_window(const LayerSpec& layer, std::string_view setting) {
  const Window& w = layer.window;
  const auto check = [&](bool valid, const char* what) {
    if (!valid) refuse(fmt::format("--{}: {} {}", setting, to_string(layer), what));
  };
  check(layer.channels >= 1, "has no channels: give at least 1");
  check(w.kernel.height >= 1 && w.kernel.width >= 1, "has no kernel: give at least 1");
  check(w.stride.height >= 1 && w.stride.width >= 1,
        "does not move: its stride must be at least 1");
  check(w.padding.height < w.kernel.height && w.padding.width < w.kernel.width,
        "has a window that sees nothing but padding: use less of it than the kernel is wide");
  check(w.output_padding.height < w.stride.height && w.output_padding.width < w.stride.width,
        "must have less output padding than its stride");
}

UnitShape shape_after(const UnitShape& before, const LayerSpec& layer,
                      const std::string& before_text, std::string_view setting) {
  if (layer.kind == LayerSpec::Kind::dense) {
    if (layer.units < 1)
      refuse(fmt::format("--{}: a width must be at least 1, not {}", setting, to_string(layer)));
    return {layer.units, layer.image};
  }
  check_window(layer, setting);
  if (!before.image.known()) {
    refuse(
        fmt::format("--{}: {} works on images, but {} before it is a vector: write it as height x "
                    "width [x channels], e.g. 28x28",
                    setting, to_string(layer), before_text));
  }
  const Extents outputs = outputs_of(layer, before.image);
  UnitShape after;
  after.image = {outputs.height, outputs.width, layer.channels};
  if (after.image.height < 1 || after.image.width < 1) {
    refuse(fmt::format(
        "--{}: {} leaves nothing of an image of {}: use a smaller kernel or more padding", setting,
        to_string(layer), to_string(before.image)));
  }
  if (after.image.height > largest_extent || after.image.width > largest_extent ||
      after.image.size() > largest_size) {
    refuse(fmt::format("--{}: {} makes an image of {}, which is too large", setting,
                       to_string(layer), to_string(after.image)));
  }
  after.units = after.image.size();
  return after;
}

}  // namespace

std::string to_string(const LayerSpec& layer) {
  if (layer.kind == LayerSpec::Kind::dense) {
    return layer.image.known() ? to_string(layer.image) : fmt::format("{}", layer.units);
  }
  const bool transposed = layer.kind == LayerSpec::Kind::transposed_convolution;
  const Window& w = layer.window;
  std::string text = fmt::format("{}{}x{}", transposed ? transposed_prefix : convolution_prefix,
                                 layer.channels, to_string(w.kernel));
  if (w.stride != Extents{}) text += "s" + to_string(w.stride);
  if (w.padding != usual_padding(w.kernel)) text += "p" + to_string(w.padding);
  if (transposed && w.output_padding != usual_output_padding(w))
    text += "o" + to_string(w.output_padding);
  return text;
}

std::string to_string(const LayerList& layers) {
  std::string text;
  for (const LayerSpec& layer : layers) text += (text.empty() ? "" : ",") + to_string(layer);
  return text;
}

LayerList layer_list_from(std::string_view text) {
  LayerList layers;
  for (const std::string& item : split_list(text)) layers.push_back(layer_from(item));
  return layers;
}

std::vector<UnitShape> unit_shapes(const LayerList& layers, std::string_view setting) {
  std::vector<UnitShape> shapes;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (i == 0 && layers[0].kind != LayerSpec::Kind::dense) {
      refuse(fmt::format("--{} begins with {}: the first item is the shape that enters, e.g. 28x28",
                         setting, to_string(layers[0])));
    }
    shapes.push_back(shape_after(i == 0 ? UnitShape{} : shapes.back(), layers[i],
                                 i == 0 ? "" : to_string(layers[i - 1]), setting));
  }
  return shapes;
}

LayerList mirrored(const LayerList& layers, std::string_view setting) {
  const auto shapes = unit_shapes(layers, setting);
  const auto dense = [](const UnitShape& shape) {
    return shape.image.known() ? LayerSpec(shape.image) : LayerSpec(shape.units);
  };
  LayerList result;
  if (layers.empty()) return result;
  result.push_back(dense(shapes.back()));
  for (std::size_t i = layers.size() - 1; i > 0; --i) {
    const UnitShape& target = shapes[i - 1];
    if (layers[i].kind == LayerSpec::Kind::dense) {
      result.push_back(dense(target));
      continue;
    }
    LayerSpec mirror = layers[i];
    mirror.channels = target.image.channels;
    mirror.window.output_padding = {0, 0};
    if (layers[i].kind == LayerSpec::Kind::convolution) {
      mirror.kind = LayerSpec::Kind::transposed_convolution;
      const Extents reached = outputs_of(mirror, shapes[i].image);
      mirror.window.output_padding = {target.image.height - reached.height,
                                      target.image.width - reached.width};
    } else {
      mirror.kind = LayerSpec::Kind::convolution;
    }
    result.push_back(mirror);
  }
  return result;
}

bool has_convolutions(const LayerList& layers) {
  return std::ranges::any_of(
      layers, [](const LayerSpec& layer) { return layer.kind != LayerSpec::Kind::dense; });
}

}  // namespace hourglass
