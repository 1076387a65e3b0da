#include "run/initial_weights.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

#include "hourglass/core/error.hpp"
#include "model/frozen.hpp"
#include "nn/loss.hpp"

namespace hourglass {

namespace {

// For each side of a tensor and each place along it, the place of the source, or -1.
using Maps = std::vector<std::vector<Index>>;

// One side of a tensor: blocks (groups) of as many units each, or units with names.
struct Axis {
  enum class Kind { features, code, hidden, categories };
  Kind kind = Kind::hidden;
  Index units = 0;
  std::vector<std::string> groups = {""};
  std::vector<std::string> names = {};
  ImageShape image = {};
};

// A network with what is known of its features.
struct Side {
  const AutoencoderSpec& spec;
  const std::vector<std::string>& feature_names;

  [[nodiscard]] Index encoder() const { return static_cast<Index>(spec.encoder.size()) - 1; }
  [[nodiscard]] const LayerSpec& layer(Index number) const {
    return number <= encoder() ? spec.encoder[static_cast<std::size_t>(number)]
                               : spec.decoder[static_cast<std::size_t>(number - encoder())];
  }
  [[nodiscard]] UnitShape shape(Index number) const {
    return number <= encoder()
               ? unit_shapes(spec.encoder, "layers")[static_cast<std::size_t>(number)]
               : unit_shapes(spec.decoder,
                             "decoder-layers")[static_cast<std::size_t>(number - encoder())];
  }
  [[nodiscard]] Index features() const { return spec.encoder.front().units; }
  [[nodiscard]] bool dense(Index number) const {
    return layer(number).kind == LayerSpec::Kind::dense;
  }
  [[nodiscard]] Axis features_axis(std::vector<std::string> groups) const {
    return {Axis::Kind::features, features(), std::move(groups), feature_names, {}};
  }
  [[nodiscard]] Axis code_axis(bool posterior) const {
    const std::vector<std::string> groups =
        posterior ? std::vector<std::string>{"mean", "variance"} : std::vector<std::string>{"mean"};
    return {Axis::Kind::code, shape(encoder()).units, groups, {}, {}};
  }
  [[nodiscard]] Axis outputs(Index number, Index size) const;
  [[nodiscard]] Axis inputs(Index number) const;
  [[nodiscard]] Axis categories() const;
  // What the output layer's results are taken for.
  [[nodiscard]] std::string output_function() const {
    return distribution_of(spec.loss, spec.output_activation)
               ? "exp"
               : std::string(name_of(spec.output_activation));
  }
};

Axis Side::outputs(Index number, Index size) const {
  if (number == encoder()) return code_axis(spec.regularization.variational);
  if (number < layer_count(spec)) {
    const UnitShape units = shape(number);
    return {Axis::Kind::hidden, units.units, {""}, {}, units.image};
  }
  const Index groups = size / features();
  std::vector<std::string> names = {"means"};
  if (groups > 1 && spec.dispersion == Dispersion::gene_cell) names.emplace_back("dispersions");
  if (static_cast<Index>(names.size()) < groups) names.emplace_back("dropouts");
  return features_axis(std::move(names));
}

Axis Side::inputs(Index number) const {
  if (number == 1) {
    return features_axis(spec.missing_indicator ? std::vector<std::string>{"values", "missing"}
                                                : std::vector<std::string>{"values"});
  }
  if (number == encoder() + 1) return code_axis(false);
  const UnitShape units = shape(number - 1);
  return {Axis::Kind::hidden, units.units, {""}, {}, units.image};
}

Axis Side::categories() const {
  Axis axis{Axis::Kind::categories, category_count(spec.conditions), {""}, {}, {}};
  for (const Condition& condition : spec.conditions) {
    for (const std::string& category : condition.categories)
      axis.names.push_back(condition.name + "\n" + category);
  }
  return axis;
}

// For each unit of `to`, the unit of `from`, or -1.
std::vector<Index> unit_map(const Axis& to, const Axis& from) {
  std::vector<Index> map(static_cast<std::size_t>(to.units), -1);
  const bool named = !to.names.empty() && !from.names.empty();
  if (named || to.kind == Axis::Kind::categories) {
    std::map<std::string, Index> places;
    for (std::size_t i = 0; i < from.names.size(); ++i)
      places.emplace(from.names[i], static_cast<Index>(i));
    for (std::size_t i = 0; i < std::min(map.size(), to.names.size()); ++i) {
      const auto place = places.find(to.names[i]);
      if (place != places.end() && place->second < from.units) map[i] = place->second;
    }
    return map;
  }
  const bool same_image = !to.image.known() || !from.image.known() || to.image == from.image;
  if (to.kind != Axis::Kind::code && (to.units != from.units || !same_image)) return map;
  for (Index i = 0; i < std::min(to.units, from.units); ++i) map[static_cast<std::size_t>(i)] = i;
  return map;
}

// For each place along a side of the tensor, the place of the source, or -1.
std::vector<Index> axis_map(const Axis& to, const Axis& from) {
  const std::vector<Index> units = to.kind == from.kind
                                       ? unit_map(to, from)
                                       : std::vector<Index>(static_cast<std::size_t>(to.units), -1);
  std::vector<Index> map;
  for (const std::string& group : to.groups) {
    const auto found = std::ranges::find(from.groups, group);
    const Index first = (found - from.groups.begin()) * from.units;
    for (const Index unit : units)
      map.push_back(found == from.groups.end() || unit < 0 ? -1 : first + unit);
  }
  return map;
}

// The layer of `from` that corresponds to a layer of `to`; 0: none.
Index counterpart(const Side& to, const Side& from, Index number) {
  if (number <= to.encoder()) return number <= from.encoder() ? number : 0;
  const Index from_end = layer_count(to.spec) - number;
  const Index result = layer_count(from.spec) - from_end;
  return result > from.encoder() ? result : 0;
}

class WeightTransfer {
 public:
  WeightTransfer(const Model& source, const WeightReceiver& receiver, std::span<float> parameters)
      : source_(source),
        receiver_(receiver),
        parameters_(parameters),
        to_{receiver.network.spec(), receiver.feature_names},
        from_{source.network->spec(), source.identity ? source.identity->feature_names : no_names_},
        whole_(static_cast<std::size_t>(layer_count(to_.spec)) + 1, true),
        some_(whole_.size(), false),
        frozen_(chosen_layers(receiver.frozen, to_.spec, "freeze")) {}

  std::string run() {
    LayerChoice layers = receiver_.layers;
    if (layers.empty()) layers.encoder = layers.decoder = true;
    const std::vector<Index> chosen = chosen_layers(layers, to_.spec, "init-layers");
    for (const Index number : chosen) check_layer(number);
    for (const Tensor& tensor : receiver_.network.layout().tensors()) {
      const Index number = layer_of(to_.spec, tensor);
      const bool is_chosen = std::ranges::find(chosen, number) != chosen.end();
      take(tensor, number, is_chosen ? counterpart(to_, from_, number) : 0);
    }
    check_frozen();
    if (std::ranges::find(some_, true) == some_.end()) {
      throw Error(ErrorKind::usage,
                  fmt::format("--init-from {}: none of its weights fits the network: neither a "
                              "number of units nor a name of a feature is the same",
                              source_.file.path));
    }
    return summary();
  }

 private:
  void check_layer(Index number) const;
  void require_same(Index number, const char* setting, const std::string& there,
                    const std::string& here) const;
  void take(const Tensor& tensor, Index number, Index counterpart);
  [[nodiscard]] const Tensor* source_tensor(const Tensor& tensor, Index counterpart) const;
  [[nodiscard]] std::optional<Maps> maps_of(const Tensor& tensor, const Tensor& source,
                                            Index number, Index counterpart) const;
  void note(const Tensor& tensor, Index number, Index taken);
  void check_frozen() const;
  [[nodiscard]] std::string summary() const;
  [[nodiscard]] std::string parts() const;

  static inline const std::vector<std::string> no_names_;
  const Model& source_;
  const WeightReceiver& receiver_;
  std::span<float> parameters_;
  Side to_;
  Side from_;
  std::vector<bool> whole_;  // by layer: all but categories is taken
  std::vector<bool> some_;
  std::vector<Index> frozen_;
};

void WeightTransfer::require_same(Index number, const char* setting, const std::string& there,
                                  const std::string& here) const {
  if (there == here) return;
  throw Error(
      ErrorKind::usage,
      fmt::format("--init-from {}: its layer {} was trained with --{} {}, not {}: give --{} "
                  "{}, or leave the layer out of --init-layers",
                  source_.file.path, number, setting, there, here, setting, there));
}

void WeightTransfer::check_layer(Index number) const {
  const Index other = counterpart(to_, from_, number);
  if (other == 0) return;
  if (to_.layer(number).kind != from_.layer(other).kind) {
    throw Error(ErrorKind::usage,
                fmt::format("--init-from {}: its layer {} is {}, and layer {} of the network is "
                            "{}: dense layers and convolutions cannot take each other's weights; "
                            "leave the layer out of --init-layers",
                            source_.file.path, other, to_string(from_.layer(other)), number,
                            to_string(to_.layer(number))));
  }
  const AutoencoderSpec& to = to_.spec;
  const AutoencoderSpec& from = from_.spec;
  const auto name = [](Activation activation) { return std::string(name_of(activation)); };
  if (number == layer_count(to)) {
    if (from_.output_function() != to_.output_function() &&
        distribution_of(from.loss, from.output_activation).has_value() !=
            distribution_of(to.loss, to.output_activation).has_value())
      require_same(other, "loss", std::string(name_of(from.loss)), std::string(name_of(to.loss)));
    require_same(other, "output-activation", name(from.output_activation),
                 name(to.output_activation));
  } else if (number == to_.encoder()) {
    if (other != from_.encoder()) return;
    require_same(other, "code-activation", name(from.code_activation), name(to.code_activation));
  } else if (other != from_.encoder()) {
    require_same(other, "activation", name(from.activation), name(to.activation));
    const auto word = [](bool value) { return std::string(value ? "true" : "false"); };
    require_same(other, "layer-norm", word(from.layer_norm), word(to.layer_norm));
  }
}

const Tensor* WeightTransfer::source_tensor(const Tensor& tensor, Index counterpart) const {
  if (counterpart == 0) return nullptr;
  const std::string_view part = std::string_view(tensor.name).substr(tensor.name.rfind('/') + 1);
  for (const Tensor& candidate : source_.network->layout().tensors()) {
    const std::string_view own =
        std::string_view(candidate.name).substr(candidate.name.rfind('/') + 1);
    if (own == part && layer_of(from_.spec, candidate) == counterpart) return &candidate;
  }
  return nullptr;
}

// Of each side of the tensor; none when the whole tensor does not fit.
std::optional<Maps> WeightTransfer::maps_of(const Tensor& tensor, const Tensor& source,
                                            Index number, Index counterpart) const {
  if (tensor.shape.size() != source.shape.size()) return std::nullopt;
  if (!to_.dense(number)) {
    if (to_.layer(number) != from_.layer(counterpart) || tensor.shape != source.shape)
      return std::nullopt;
    Maps maps;
    for (const Index extent : tensor.shape) {
      std::vector<Index> map(static_cast<std::size_t>(extent));
      std::iota(map.begin(), map.end(), 0);
      maps.push_back(std::move(map));
    }
    return maps;
  }
  if (tensor.name.find('/') == std::string::npos) {  // dispersions of genes
    return Maps{axis_map(to_.features_axis({""}), from_.features_axis({""}))};
  }
  if (is_condition(tensor)) {
    return Maps{axis_map(to_.categories(), from_.categories()),
                axis_map(to_.outputs(number, tensor.shape[1]),
                         from_.outputs(counterpart, source.shape[1]))};
  }
  Maps maps{
      axis_map(to_.outputs(number, tensor.shape[0]), from_.outputs(counterpart, source.shape[0]))};
  if (tensor.shape.size() == 2)
    maps.push_back(axis_map(to_.inputs(number), from_.inputs(counterpart)));
  return maps;
}

void WeightTransfer::take(const Tensor& tensor, Index number, Index counterpart) {
  const Tensor* const source = source_tensor(tensor, counterpart);
  const auto maps =
      source == nullptr ? std::nullopt : maps_of(tensor, *source, number, counterpart);
  if (!maps) return note(tensor, number, 0);
  Index taken = 0;
  for (Index i = 0; i < tensor.size; ++i) {
    Index rest = i;
    Index place = 0;
    Index stride = 1;
    bool found = true;
    for (std::size_t axis = tensor.shape.size(); axis-- > 0;) {
      const Index from = (*maps)[axis][static_cast<std::size_t>(rest % tensor.shape[axis])];
      rest /= tensor.shape[axis];
      found = found && from >= 0;
      place += from * stride;
      stride *= source->shape[axis];
    }
    if (!found) continue;
    parameters_[static_cast<std::size_t>(tensor.offset + i)] =
        source_.parameters[source->offset + place];
    ++taken;
  }
  note(tensor, number, taken);
}

void WeightTransfer::note(const Tensor& tensor, Index number, Index taken) {
  const auto layer = static_cast<std::size_t>(number);
  if (taken > 0) some_[layer] = true;
  if (taken < tensor.size && !is_condition(tensor)) whole_[layer] = false;
}

// Numbers from the random start that are never trained are rarely meant.
void WeightTransfer::check_frozen() const {
  for (const Index number : frozen_) {
    if (whole_[static_cast<std::size_t>(number)]) continue;
    throw Error(ErrorKind::usage,
                fmt::format("--freeze: layer {} would keep random numbers: --init-from {} does not "
                            "fill all of it; leave the layer out of --freeze",
                            number, source_.file.path));
  }
}

std::string WeightTransfer::parts() const {
  std::vector<std::string> parts;
  const auto add = [&](const char* what, const Axis& to, const Axis& from) {
    const std::vector<Index> map = unit_map(to, from);
    const auto taken = std::ranges::count_if(map, [](Index unit) { return unit >= 0; });
    if (taken < to.units || to.units != from.units)
      parts.push_back(fmt::format("{} of {} {}", taken, to.units, what));
  };
  add("features", to_.features_axis({""}), from_.features_axis({""}));
  add("units of the code", to_.code_axis(false), from_.code_axis(false));
  if (!to_.spec.conditions.empty()) add("categories", to_.categories(), from_.categories());
  return parts.empty() ? "" : fmt::format("; the models share {}", fmt::join(parts, ", "));
}

std::string WeightTransfer::summary() const {
  std::vector<Index> whole;
  std::vector<Index> partly;
  std::vector<Index> anew;
  for (Index number = 1; number <= layer_count(to_.spec); ++number) {
    const auto layer = static_cast<std::size_t>(number);
    (whole_[layer] ? whole : some_[layer] ? partly : anew).push_back(number);
  }
  std::vector<std::string> items;
  const auto add = [&](const std::vector<Index>& numbers, const char* what) {
    if (numbers.empty()) return;
    items.push_back(fmt::format("layer{} {} {}", numbers.size() == 1 ? "" : "s",
                                fmt::join(numbers, ", "), what));
  };
  add(whole, "taken");
  add(partly, "taken in part");
  add(anew, "not taken");
  return fmt::format("initial weights of {} (digest {}): {}{}", source_.file.path,
                     source_.file.weights_digest, fmt::join(items, "; "), parts());
}

}  // namespace

std::string take_weights(const Model& source, const WeightReceiver& receiver,
                         std::span<float> parameters) {
  return WeightTransfer(source, receiver, parameters).run();
}

}  // namespace hourglass
