#include "model/frozen.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

bool contains(const std::vector<Condition>& known, const std::string& name,
              const std::string& category) {
  const auto found = std::ranges::find(known, name, &Condition::name);
  return found != known.end() &&
         std::ranges::find(found->categories, category) != found->categories.end();
}

// Rows of categories that are known, as ranges of the arena.
void add_known_rows(const Tensor& tensor, const std::vector<Condition>& conditions,
                    const std::vector<Condition>& known, Frozen& frozen) {
  const Index width = tensor.shape.back();
  Index begin = tensor.offset;
  for (const Condition& condition : conditions) {
    for (const std::string& category : condition.categories) {
      if (contains(known, condition.name, category)) {
        if (!frozen.ranges.empty() && frozen.ranges.back().end == begin) {
          frozen.ranges.back().end += width;
        } else {
          frozen.ranges.push_back({begin, begin + width});
        }
        frozen.parameters += width;
      }
      begin += width;
    }
  }
}

}  // namespace

bool is_frozen(std::span<const Range> frozen, Range range) {
  return std::ranges::any_of(frozen, [&](const Range& held) {
    return held.begin <= range.begin && range.end <= held.end;
  });
}

bool is_condition(const Tensor& tensor) { return tensor.name.ends_with("/condition"); }

Frozen frozen_parameters(const Autoencoder& network, const LayerChoice& layers,
                         const std::vector<Condition>* known) {
  Frozen frozen;
  if (layers.empty()) return frozen;
  const std::vector<Index> chosen = chosen_layers(layers, network.spec(), "freeze");
  const Layout& layout = network.layout();
  for (std::size_t t = 0; t < layout.tensors().size(); ++t) {
    const Tensor& tensor = layout.tensors()[t];
    if (std::ranges::find(chosen, layer_of(network.spec(), tensor)) == chosen.end()) continue;
    if (known != nullptr && is_condition(tensor)) {
      add_known_rows(tensor, network.spec().conditions, *known, frozen);
      continue;
    }
    const Range range = layout.range(static_cast<Slot>(t));
    if (!frozen.ranges.empty() && frozen.ranges.back().end == range.begin) {
      frozen.ranges.back().end = range.end;
    } else {
      frozen.ranges.push_back(range);
    }
    frozen.parameters += tensor.size;
  }
  if (frozen.parameters == layout.parameter_count()) {
    throw Error(ErrorKind::usage,
                fmt::format("--freeze {} leaves no parameter to train", to_string(layers)));
  }
  const auto has_none_trained = [&](const Layer& layer) {
    return std::ranges::all_of(layer.roles(), [&](const TensorRole& role) {
      return is_frozen(frozen.ranges, layout.range(role.slot));
    });
  };
  const Network& chain = network.network();
  while (frozen.network_layers < chain.layer_count() &&
         has_none_trained(chain.layer(frozen.network_layers)))
    ++frozen.network_layers;
  return frozen;
}

void zero_frozen(std::span<const Range> frozen, Range arena, float* gradient) {
  for (const Range& range : frozen) {
    const Index begin = std::max(range.begin, arena.begin);
    const Index end = std::min(range.end, arena.end);
    if (begin < end) std::fill(gradient + begin, gradient + end, 0.0F);
  }
}

std::string frozen_text(const Autoencoder& network, const LayerChoice& layers,
                        const Frozen& frozen) {
  const std::vector<Index> numbers = chosen_layers(layers, network.spec(), "freeze");
  return fmt::format("layer{} {} ({} of {} parameters)", numbers.size() == 1 ? "" : "s",
                     fmt::join(numbers, ", "), frozen.parameters,
                     network.layout().parameter_count());
}

}  // namespace hourglass
