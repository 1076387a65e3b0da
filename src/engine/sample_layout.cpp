#include "engine/sample_layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "hourglass/core/error.hpp"
#include "model/sample_grid.hpp"

namespace hourglass {

namespace {

// Extents up to this are channels, when only one end of a sample has them: grey, two components of
// a vector, colours, colours with opacity.
constexpr Index most_plain_channels = 4;

[[noreturn]] void refuse(const std::string& message) {
  throw Error(ErrorKind::usage, message, Reach::everywhere);
}

bool names_channels(std::string name) {
  std::ranges::transform(name, name.begin(),
                         [](char c) { return static_cast<char>(std::tolower(c)); });
  constexpr std::array names = {"c",    "channel", "channels", "band",   "bands",
                                "rgb",  "rgba",    "color",    "colour", "wavelength",
                                "lead", "leads",   "sensor",   "sensors"};
  return std::ranges::find(names, name) != names.end();
}

std::string by_x(std::span<const Index> extents) {
  return fmt::format("{}", fmt::join(extents, "x"));
}

std::vector<Index> sample_extents(const DatasetInfo& info) {
  return info.shape.empty() ? std::vector<Index>()
                            : std::vector<Index>(info.shape.begin() + 1, info.shape.end());
}

// `extents` are those of the axes and, when there is one more of them, the channels.
ImageShape shape_of(std::span<const Index> extents, Index dimensions) {
  const auto count = static_cast<Index>(extents.size());
  const Index channels = count > dimensions ? extents.back() : 1;
  if (dimensions == 1) return ImageShape::series(extents[0], channels);
  if (dimensions == 2) return {extents[0], extents[1], channels};
  return ImageShape::volume({extents[1], extents[2], extents[0]}, channels);
}

std::vector<Index> channels_moved_last(std::vector<Index> extents) {
  std::ranges::rotate(extents, extents.begin() + 1);
  return extents;
}

// The setting that says the shape of the grid, with its verb.
std::string source_of(const AutoencoderSpec& spec, const ImageShape& grid) {
  if (!spec.encoder.empty() && spec.encoder.front().image == grid) return "--layers begins with";
  return spec.image == grid ? "--image-shape is" : "--decoder-layers ends with";
}

/// Decides about the samples of one data set.
class LayoutChoice {
 public:
  LayoutChoice(TrainConfig config, const DatasetInfo& info)
      : config_(std::move(config)),
        info_(info),
        sample_(sample_extents(info)),
        grid_(grid_of(config_.model)),
        dimensions_(grid_.known() ? grid_.dimensions : 2),
        matters_(depends_on_grid(config_.model)),
        reordered_(info.leading_channels > 0) {}

  TrainConfig made() {
    const auto axes = static_cast<Index>(sample_.size());
    if (reordered_) config_.channels = ChannelOrder::first;
    if (axes == dimensions_ + 1) {
      with_channel_axis();
    } else if (axes == dimensions_ && (axes > 1 || grid_.channels == 1)) {
      without_channel_axis();
    } else {
      check_flat();
    }
    const LayerList& layers = config_.model.encoder;
    ImageShape& image = config_.model.image;
    if (!image.known() && !layers.empty() && layers.front().image.is_image())
      image = layers.front().image;
    return std::move(config_);
  }

 private:
  void with_channel_axis() {
    const bool given = config_.channels != ChannelOrder::automatic;
    const ImageShape as_last = shape_of(sample_, dimensions_);
    const LayerList& layers = config_.model.encoder;
    const bool other_shape =
        !layers.empty() && layers.front().image.known() && layers.front().image != as_last;
    if (!given && (matters_ || (other_shape && !config_.model.image.known()))) decide(as_last);
    ChannelOrder order = config_.channels;
    if (order == ChannelOrder::automatic) {
      // A network of dense layers: only pictures of the samples depend on the order.
      if (plain_order() == ChannelOrder::first) return;
      order = ChannelOrder::last;
    }
    const bool moves = order == ChannelOrder::first && !reordered_;
    const ImageShape shape = shape_of(moves ? channels_moved_last(sample_) : sample_, dimensions_);
    ImageShape& image = config_.model.image;
    // Another shape of the same places, or of channels that are said to be last, is meant so.
    const bool meant = image.known() && (image.channels == shape.channels || !matters_ ||
                                         (given && order == ChannelOrder::last));
    if (grid_.known() && grid_ != shape && !meant) refuse_shape(shape, given);
    if (!image.known() && dimensions_ == 2) image = shape;
  }

  void without_channel_axis() {
    ImageShape& image = config_.model.image;
    const ImageShape shape = shape_of(sample_, dimensions_);
    const LayerList& layers = config_.model.encoder;
    if (dimensions_ == 2) {
      if (image.known()) return;
      image = shape;
      if (!layers.empty() && layers.front().image.known() && layers.front().image != image) {
        refuse(
            fmt::format("--layers begins with {}, but the samples of --data {} are {}: begin "
                        "with that, or say --image-shape {}",
                        to_string(layers.front()), to_string(info_.address), to_string(image),
                        to_string(layers.front())));
      }
    } else if (grid_ != shape) {
      refuse_shape(shape, true);
    }
  }

  // Rows without axes: only the settings tell their shape.
  void check_flat() const {
    if (!matters_ || !grid_.known() || reordered_ || config_.channels == ChannelOrder::last) return;
    const std::vector<Index> places = grid_.spatial();
    const bool few = places.front() <= most_plain_channels && grid_.channels > most_plain_channels;
    // A series used to be written as an image of height 1.
    const bool series = dimensions_ == 2 && (places.front() == 2 ||
                                             (places.front() == 1 && places[1] != grid_.channels));
    if (!few || series) return;
    refuse(fmt::format(
        "{} {}, that is {} with {} channels, but the rows of --data {} do not say whether channels "
        "were first: make it {} with --channels first, or say --channels last",
        source_of(config_.model, grid_), to_string(grid_), by_x(places), grid_.channels,
        to_string(info_.address), by_x(channels_moved_last(extents_of(grid_)))));
  }

  [[nodiscard]] static std::vector<Index> extents_of(const ImageShape& grid) {
    std::vector<Index> extents = grid.spatial();
    extents.push_back(grid.channels);
    return extents;
  }

  [[nodiscard]] ChannelOrder plain_order() const {
    // Windows of a series are steps x channels by definition.
    if (info_.address.options.views.window > 0 && sample_.size() == 2) return ChannelOrder::last;
    std::span<const std::string> axes(info_.axes);
    if (!axes.empty()) axes = axes.subspan(1);
    return plain_channel_order(sample_, axes);
  }

  void decide(const ImageShape& as_last) {
    config_.channels = plain_order();
    if (config_.channels != ChannelOrder::automatic) return;
    if (grid_.known() && grid_ != as_last) {
      // The settings tell: what fits neither is refused with the shape that is wanted.
      const bool first = grid_ == shape_of(channels_moved_last(sample_), dimensions_);
      config_.channels = first ? ChannelOrder::first : ChannelOrder::last;
      return;
    }
    refuse(fmt::format(
        "the samples of --data {} are {}, which does not tell whether their channels are first or "
        "last: say --channels first or --channels last{}",
        to_string(info_.address), by_x(sample_),
        dimensions_ == 2 ? ", or use conv3d: in --layers if they are volumes" : ""));
  }

  [[noreturn]] void refuse_shape(const ImageShape& shape, bool given) const {
    const ChannelOrder order = config_.channels;
    std::string other;
    if (!given) {
      const bool first = order == ChannelOrder::first;
      const ImageShape otherwise =
          shape_of(first ? sample_ : channels_moved_last(sample_), dimensions_);
      if (grid_ == otherwise)
        other = first ? ", or say --channels last" : ", or say --channels first";
    }
    refuse(fmt::format("{} {}, but the samples of --data {} are {}{}: make it {}{}",
                       source_of(config_.model, grid_), to_string(grid_), to_string(info_.address),
                       to_string(shape),
                       order == ChannelOrder::automatic
                           ? ""
                           : fmt::format(" with their channels {}", name_of(order)),
                       to_string(shape), other));
  }

  TrainConfig config_;
  const DatasetInfo& info_;
  std::vector<Index> sample_;
  ImageShape grid_;
  Index dimensions_;
  bool matters_;
  bool reordered_;  // the reader moves the channels
};

}  // namespace

ChannelOrder plain_channel_order(std::span<const Index> sample, std::span<const std::string> axes) {
  if (sample.size() < 2) return ChannelOrder::automatic;
  if (axes.size() == sample.size()) {
    const bool first = names_channels(axes.front());
    if (first != names_channels(axes.back()))
      return first ? ChannelOrder::first : ChannelOrder::last;
  }
  const bool first = sample.front() <= most_plain_channels;
  if (first == (sample.back() <= most_plain_channels)) return ChannelOrder::automatic;
  return first ? ChannelOrder::first : ChannelOrder::last;
}

TrainConfig with_sample_layout(TrainConfig config, const DatasetInfo& info) {
  return LayoutChoice(std::move(config), info).made();
}

std::string layout_note(const TrainConfig& config, const DatasetInfo& info) {
  const std::vector<Index> sample = sample_extents(info);
  const ImageShape grid = grid_of(config.model);
  if (info.leading_channels > 1) {
    return fmt::format("the {} channels of a sample are stored first and read last, as {}",
                       info.leading_channels, grid.known() ? to_string(grid) : by_x(sample));
  }
  if (depends_on_grid(config.model)) {
    if (config.channels != ChannelOrder::last || !grid.known() ||
        static_cast<Index>(sample.size()) != grid.dimensions + 1)
      return "";
    return fmt::format("the channels of a sample are last, {} of {}", grid.channels, by_x(sample));
  }
  if (config.channels == ChannelOrder::automatic && !config.model.image.known() &&
      sample.size() == 3 && plain_channel_order(sample, {}) == ChannelOrder::first) {
    return fmt::format(
        "samples of {} look like images with their channels first: give --channels "
        "first to see them in reports",
        by_x(sample));
  }
  return "";
}

}  // namespace hourglass
