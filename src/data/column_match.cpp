#include "data/column_match.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <unordered_map>

#include "core/counted.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr std::size_t listed_names = 8;
constexpr Index most_channels = 4;

using Shape = std::vector<Index>;

std::string listed(std::span<const std::string> names) {
  std::string text =
      fmt::format("{}", fmt::join(names.first(std::min(names.size(), listed_names)), ", "));
  return names.size() > listed_names ? text + ", ..." : text;
}

/// Names and their places; throws where one occurs twice.
std::unordered_map<std::string, Index> places_of(const std::vector<std::string>& names,
                                                 const std::string& owner) {
  std::unordered_map<std::string, Index> places;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!places.emplace(names[i], static_cast<Index>(i)).second) {
      throw Error(
          ErrorKind::data,
          fmt::format("{}: two features are named '{}', so features cannot be told apart by "
                      "name; rename one, or remove the attribute feature_names",
                      owner, names[i]));
    }
  }
  return places;
}

ColumnMatch match_names(const std::vector<std::string>& trained,
                        const std::vector<std::string>& given, const std::string& name) {
  if (trained == given) return {};
  const auto places = places_of(given, name);
  places_of(trained, "the model");
  ColumnMatch match;
  std::vector<std::string> missing;
  for (const std::string& feature : trained) {
    const auto found = places.find(feature);
    found == places.end() ? missing.push_back(feature) : match.columns.push_back(found->second);
  }
  if (!missing.empty()) {
    throw Error(
        ErrorKind::data,
        fmt::format("{}: has no feature {}, which the model was trained on (it has: {}); name the "
                    "columns as in training, or remove the attribute feature_names to take them in "
                    "their order",
                    name, listed(missing), listed(given)));
  }
  const std::size_t left_out = given.size() - trained.size();
  const bool in_order = std::ranges::is_sorted(match.columns);
  match.note = name + ": ";
  if (!in_order) match.note += "features are put into the model's order by name";
  if (left_out > 0) {
    match.note +=
        fmt::format("{}{} that the model does not have {} left out", in_order ? "" : "; ",
                    counted(static_cast<Index>(left_out), "feature"), left_out == 1 ? "is" : "are");
  }
  return match;
}

Shape without_ones(const Shape& shape) {
  Shape result;
  std::ranges::copy_if(shape, std::back_inserter(result), [](Index extent) { return extent != 1; });
  return result;
}

/// For data of `from`, whose last axis is the model's first or the other way round: the columns.
std::vector<Index> moved_axis(const Shape& model, bool channels_last_in_model) {
  // In the model [a][c] when channels are last there, [c][a] otherwise; in the data the other way.
  const Index channels = channels_last_in_model ? model.back() : model.front();
  const Index places = model[0] * model[1] * model[2] / channels;
  std::vector<Index> columns;
  columns.reserve(static_cast<std::size_t>(channels * places));
  const Index outer = channels_last_in_model ? places : channels;
  const Index inner = channels_last_in_model ? channels : places;
  for (Index o = 0; o < outer; ++o) {
    for (Index i = 0; i < inner; ++i) columns.push_back(i * outer + o);
  }
  return columns;
}

ColumnMatch match_shapes(const DataIdentity& trained, const Shape& given, const std::string& name) {
  const Shape model = without_ones(trained.sample_shape);
  const Shape data = without_ones(given);
  if (model == data) return {};
  const std::string model_shape = describe_shape(trained.sample_shape);
  if (model.size() <= 1 || data.size() <= 1) {
    if (std::max(model.size(), data.size()) <= 2) return {};
    const bool flat = data.size() <= 1;
    return {
        {},
        fmt::format("{}: its {} are taken in the order of {}", name, flat ? "flat rows" : "samples",
                    flat ? model_shape : "the flat rows of the training")};
  }
  if (model.size() == 3 && data.size() == 3) {
    const bool first_to_last = data == Shape{model[2], model[0], model[1]};
    const bool last_to_first = data == Shape{model[1], model[2], model[0]};
    const Index channels = first_to_last ? model[2] : model[0];
    const Index smallest_side =
        first_to_last ? std::min(model[0], model[1]) : std::min(model[1], model[2]);
    if ((first_to_last || last_to_first) && channels <= most_channels && channels < smallest_side) {
      return {
          moved_axis(model, first_to_last),
          fmt::format("{}: its samples are {} with channels {}; they are read as {}, like those "
                      "of the training",
                      name, describe_shape(given), first_to_last ? "first" : "last", model_shape)};
    }
  }
  throw Error(
      ErrorKind::data,
      fmt::format("{}: its samples are {}, but the model was trained on {}; transpose them, "
                  "or store them as flat rows of {} to take them in their order",
                  name, describe_shape(given), model_shape, trained.features()));
}

}  // namespace

ColumnMatch match_columns(const DataIdentity& trained, const DataIdentity& given,
                          const std::string& name) {
  const auto named = [](const DataIdentity& identity) {
    return !identity.feature_names.empty() &&
           static_cast<Index>(identity.feature_names.size()) == identity.features();
  };
  if (named(trained) && named(given))
    return match_names(trained.feature_names, given.feature_names, name);
  if (given.features() != trained.features()) return {};
  return match_shapes(trained, given.sample_shape, name);
}

}  // namespace hourglass
