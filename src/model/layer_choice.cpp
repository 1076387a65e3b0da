#include "model/layer_choice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/text_list.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

Index encoder_layers(const AutoencoderSpec& spec) {
  return static_cast<Index>(spec.encoder.size()) - 1;
}

Index number_from(std::string_view text) {
  Index number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 1) {
    throw Error(ErrorKind::usage,
                fmt::format("'{}' is not encoder, decoder or the number of a layer, from 1", text));
  }
  return number;
}

}  // namespace

std::string to_string(const LayerChoice& choice) {
  std::vector<std::string> items;
  if (choice.encoder) items.emplace_back("encoder");
  if (choice.decoder) items.emplace_back("decoder");
  for (const Index number : choice.numbers) items.push_back(std::to_string(number));
  return fmt::format("{}", fmt::join(items, ","));
}

LayerChoice layer_choice_from(std::string_view text) {
  LayerChoice choice;
  for (const std::string& item : split_list(text)) {
    if (item == "encoder") {
      choice.encoder = true;
    } else if (item == "decoder") {
      choice.decoder = true;
    } else {
      choice.numbers.push_back(number_from(item));
    }
  }
  return choice;
}

Index layer_count(const AutoencoderSpec& spec) {
  return encoder_layers(spec) + static_cast<Index>(spec.decoder.size()) - 1;
}

Index layer_of(const AutoencoderSpec& spec, const Tensor& tensor) {
  const std::string_view name = tensor.name;
  const auto begin = name.find('/');
  if (begin == std::string_view::npos) return layer_count(spec);
  const std::string_view number = name.substr(begin + 1, name.find('/', begin + 1) - begin - 1);
  Index place = 0;
  std::from_chars(number.data(), number.data() + number.size(), place);
  return name.starts_with("decoder/") ? encoder_layers(spec) + place + 1 : place + 1;
}

std::vector<Index> chosen_layers(const LayerChoice& choice, const AutoencoderSpec& spec,
                                 std::string_view setting) {
  const Index count = layer_count(spec);
  for (const Index number : choice.numbers) {
    if (number > count) {
      throw Error(ErrorKind::usage, fmt::format("--{} names layer {}, but the network has layers 1 "
                                                "to {}",
                                                setting, number, count));
    }
  }
  std::vector<Index> layers;
  for (Index layer = 1; layer <= count; ++layer) {
    const bool whole = layer <= encoder_layers(spec) ? choice.encoder : choice.decoder;
    if (whole || std::ranges::find(choice.numbers, layer) != choice.numbers.end())
      layers.push_back(layer);
  }
  return layers;
}

}  // namespace hourglass
