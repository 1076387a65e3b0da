#include "nn/layer_spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>

#include "core/text_list.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

// The prefix of a convolution and the axes that it moves along; the first of each number is the one
// that is written.
struct Prefix {
  std::string_view text;
  LayerSpec::Kind kind;
  Index dimensions;
};
constexpr Prefix prefixes[] = {
    {"conv:", LayerSpec::Kind::convolution, 2},
    {"conv1d:", LayerSpec::Kind::convolution, 1},
    {"conv2d:", LayerSpec::Kind::convolution, 2},
    {"conv3d:", LayerSpec::Kind::convolution, 3},
    {"tconv:", LayerSpec::Kind::transposed_convolution, 2},
    {"tconv1d:", LayerSpec::Kind::transposed_convolution, 1},
    {"tconv2d:", LayerSpec::Kind::transposed_convolution, 2},
    {"tconv3d:", LayerSpec::Kind::transposed_convolution, 3},
};

std::string_view prefix_for(LayerSpec::Kind kind, Index dimensions) {
  const auto* const found = std::ranges::find_if(prefixes, [&](const Prefix& prefix) {
    return prefix.kind == kind && prefix.dimensions == dimensions;
  });
  return found->text;
}

const Prefix* prefix_of(std::string_view item) {
  const auto* const found = std::ranges::find_if(
      prefixes, [&](const Prefix& prefix) { return item.starts_with(prefix.text); });
  return found == std::end(prefixes) ? nullptr : found;
}

// Larger extents are mistakes, and their products stay far from overflow.
constexpr Index largest_extent = Index{1} << 20;
constexpr Index largest_size = Index{1} << 31;

[[noreturn]] void refuse(const std::string& message) { throw Error(ErrorKind::usage, message); }

Margins usual_padding(const Extents& kernel) {
  return {(kernel.height - 1) / 2, (kernel.width - 1) / 2, (kernel.depth - 1) / 2};
}

Margins usual_output_padding(const Window& w) {
  const auto along = [](Index kernel, Index stride, Index padding) {
    return std::clamp<Index>(stride + 2 * padding - kernel, 0, stride - 1);
  };
  return {along(w.kernel.height, w.stride.height, w.padding.height),
          along(w.kernel.width, w.stride.width, w.padding.width),
          along(w.kernel.depth, w.stride.depth, w.padding.depth)};
}

// One number where all axes agree.
template <class Sizes>
std::string text_of(const Sizes& sizes, Index dimensions) {
  const std::vector<Index> used = axes_of(sizes, dimensions);
  const bool equal = std::ranges::adjacent_find(used, std::ranges::not_equal_to{}) == used.end();
  return fmt::format("{}", fmt::join(used.begin(), equal ? used.begin() + 1 : used.end(), "x"));
}

// What convolutions work on, by their dimensions.
struct GridWords {
  const char* samples;
  const char* sample;
};
const GridWords& words_of(Index dimensions) {
  static constexpr GridWords words[] = {
      {"series", "a series"}, {"images", "an image"}, {"volumes", "a volume"}};
  return words[dimensions - 1];
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
  /// One number for all axes, or one each: depth, height, width.
  template <class Sizes>
  Sizes sizes(Index dimensions) {
    std::array<Index, 3> all{};
    all[0] = number();
    if (dimensions > 1 && skip("x")) {
      for (Index i = 1; i < dimensions; ++i) {
        if (i > 1 && !skip("x")) fail();
        all[static_cast<std::size_t>(i)] = number();
      }
    } else {
      all.fill(all[0]);
    }
    Sizes result;
    auto next = all.begin();
    if (dimensions > 2) result.depth = *next++;
    if (dimensions > 1) result.height = *next++;
    result.width = *next;
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

LayerSpec convolution_from(ItemReader& reader, const Prefix& prefix) {
  const Index channels = reader.number();
  if (!reader.skip("x")) reader.fail();
  Window window;
  window.dimensions = prefix.dimensions;
  window.kernel = reader.sizes<Extents>(prefix.dimensions);
  if (reader.skip("s")) window.stride = reader.sizes<Extents>(prefix.dimensions);
  window.padding =
      reader.skip("p") ? reader.sizes<Margins>(prefix.dimensions) : usual_padding(window.kernel);
  if (prefix.kind == LayerSpec::Kind::transposed_convolution) {
    window.output_padding =
        reader.skip("o") ? reader.sizes<Margins>(prefix.dimensions) : usual_output_padding(window);
  }
  if (!reader.done()) reader.fail();
  return {prefix.kind, channels, window};
}

// A shape, of an image unless the layer that follows is a convolution of other dimensions which
// reads these extents as its own, or as its own and channels.
LayerSpec shape_from(ItemReader& reader, Index dimensions) {
  std::vector<Index> extents = {reader.number()};
  while (reader.skip("x")) extents.push_back(reader.number());
  if (!reader.done()) reader.fail();
  const auto count = static_cast<Index>(extents.size());
  if (count == dimensions) extents.push_back(1);
  if (dimensions == 1 && count <= 2) return ImageShape::series(extents[0], extents[1]);
  if (dimensions == 3 && (count == 3 || count == 4))
    return ImageShape::volume({extents[1], extents[2], extents[0]}, extents[3]);
  if (count < 2 || count > 3) reader.fail();
  return ImageShape{extents[0], extents[1], count == 3 ? extents[2] : 1};
}

// `next` is the item that follows, which may tell what a shape means.
LayerSpec layer_from(std::string_view item, std::string_view next) {
  ItemReader reader(item);
  if (const Prefix* prefix = prefix_of(item)) {
    reader.skip(prefix->text);
    return convolution_from(reader, *prefix);
  }
  const Prefix* const following = prefix_of(next);
  const Index dimensions = following == nullptr ? 2 : following->dimensions;
  // A sign is read here so that the error message can name the number.
  Index units = 0;
  const auto [end, error] = std::from_chars(item.data(), item.data() + item.size(), units);
  if (error == std::errc{} && end == item.data() + item.size()) {
    return dimensions == 1 && units >= 1 ? LayerSpec(ImageShape::series(units)) : LayerSpec(units);
  }
  return shape_from(reader, dimensions);
}

// Extents of a convolution's output; below 1 where nothing is left.
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
      along(image.width, w.kernel.width, w.stride.width, w.padding.width, w.output_padding.width),
      along(image.depth, w.kernel.depth, w.stride.depth, w.padding.depth, w.output_padding.depth)};
}

void check_window(const LayerSpec& layer, std::string_view setting) {
  const Window& w = layer.window;
  const auto check = [&](bool valid, const char* what) {
    if (!valid) refuse(fmt::format("--{}: {} {}", setting, to_string(layer), what));
  };
  check(layer.channels >= 1, "has no channels: give at least 1");
  check(w.kernel.depth >= 1 && w.kernel.height >= 1 && w.kernel.width >= 1,
        "has no kernel: give at least 1");
  check(w.stride.depth >= 1 && w.stride.height >= 1 && w.stride.width >= 1,
        "does not move: its stride must be at least 1");
  check(w.padding.depth < w.kernel.depth && w.padding.height < w.kernel.height &&
            w.padding.width < w.kernel.width,
        "has a window that sees nothing but padding: use less of it than the kernel is wide");
  check(w.output_padding.depth < w.stride.depth && w.output_padding.height < w.stride.height &&
            w.output_padding.width < w.stride.width,
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
  const Index dimensions = layer.window.dimensions;
  const GridWords& words = words_of(dimensions);
  if (!before.image.known()) {
    refuse(fmt::format("--{}: {} works on {}, but {} before it is a vector: write it as {}",
                       setting, to_string(layer), words.samples, before_text,
                       dimensions == 3 ? "depth x height x width [x channels], e.g. 16x28x28"
                                       : "height x width [x channels], e.g. 28x28"));
  }
  if (before.image.dimensions != dimensions) {
    refuse(fmt::format("--{}: {} works on {}, but {} before it is {}: use {} there", setting,
                       to_string(layer), words.samples, before_text,
                       words_of(before.image.dimensions).sample,
                       prefix_for(layer.kind, before.image.dimensions)));
  }
  const Extents outputs = outputs_of(layer, before.image);
  UnitShape after;
  after.image = {outputs.height, outputs.width, layer.channels, outputs.depth, dimensions};
  if (outputs.depth < 1 || outputs.height < 1 || outputs.width < 1) {
    refuse(fmt::format("--{}: {} leaves nothing of {} of {}: use a smaller kernel or more padding",
                       setting, to_string(layer), words.sample, to_string(before.image)));
  }
  if (outputs.depth > largest_extent || outputs.height > largest_extent ||
      outputs.width > largest_extent || after.image.size() > largest_size) {
    refuse(fmt::format("--{}: {} makes {} of {}, which is too large", setting, to_string(layer),
                       words.sample, to_string(after.image)));
  }
  after.units = after.image.size();
  return after;
}

}  // namespace

std::string to_string(const LayerSpec& layer) {
  if (layer.kind == LayerSpec::Kind::dense) {
    return layer.image.known() ? to_string(layer.image) : fmt::format("{}", layer.units);
  }
  const Window& w = layer.window;
  std::string text = fmt::format("{}{}x{}", prefix_for(layer.kind, w.dimensions), layer.channels,
                                 text_of(w.kernel, w.dimensions));
  if (w.stride != Extents{}) text += "s" + text_of(w.stride, w.dimensions);
  if (w.padding != usual_padding(w.kernel)) text += "p" + text_of(w.padding, w.dimensions);
  if (layer.kind == LayerSpec::Kind::transposed_convolution &&
      w.output_padding != usual_output_padding(w))
    text += "o" + text_of(w.output_padding, w.dimensions);
  return text;
}

std::string to_string(const LayerList& layers) {
  std::string text;
  for (const LayerSpec& layer : layers) text += (text.empty() ? "" : ",") + to_string(layer);
  return text;
}

LayerList layer_list_from(std::string_view text) {
  LayerList layers;
  const std::vector<std::string> items = split_list(text);
  for (std::size_t i = 0; i < items.size(); ++i)
    layers.push_back(layer_from(items[i], i + 1 < items.size() ? items[i + 1] : ""));
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
    mirror.window.output_padding = {};
    if (layers[i].kind == LayerSpec::Kind::convolution) {
      mirror.kind = LayerSpec::Kind::transposed_convolution;
      const Extents reached = outputs_of(mirror, shapes[i].image);
      mirror.window.output_padding = {target.image.height - reached.height,
                                      target.image.width - reached.width,
                                      target.image.depth - reached.depth};
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
