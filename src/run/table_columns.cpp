#include "run/table_columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "core/text_list.hpp"
#include "data/columns_of.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr const char* header_text = "columns";

// By name; a name may hold an equals sign, a number does not.
std::map<std::string, float> read_weights(const std::string& text) {
  std::map<std::string, float> weights;
  for (const std::string& item : split_list(text)) {
    const std::size_t mark = item.rfind('=');
    float weight = -1;
    if (mark != std::string::npos) {
      const char* const last = item.data() + item.size();
      const auto [end, error] = std::from_chars(item.data() + mark + 1, last, weight);
      if (error != std::errc{} || end != last) weight = -1;
    }
    if (!(weight >= 0 && weight <= 1e30F)) {
      throw Error(ErrorKind::usage,
                  fmt::format("--group-weights holds '{}', but NAME=WEIGHT is expected, with a "
                              "weight of at least 0",
                              item));
    }
    weights[item.substr(0, mark)] = weight;
  }
  return weights;
}

OutputGroup::Kind kind_of(ColumnKind kind) {
  if (kind == ColumnKind::category) return OutputGroup::Kind::softmax;
  return kind == ColumnKind::boolean ? OutputGroup::Kind::sigmoid : OutputGroup::Kind::linear;
}

}  // namespace

std::vector<OutputGroup> output_groups(const std::vector<Column>& columns,
                                       const std::string& weights) {
  std::map<std::string, float> given = read_weights(weights);
  std::vector<OutputGroup> groups;
  for (const Column& column : columns) {
    const auto found = given.find(column.name);
    const OutputGroup group{kind_of(column.kind), column.features, 1,
                            found == given.end() ? 1.0F : found->second};
    const bool joins = !groups.empty() && group.kind != OutputGroup::Kind::softmax &&
                       groups.back().kind == group.kind && groups.back().weight == group.weight;
    if (joins) {
      groups.back().features.end = group.features.end;
      ++groups.back().columns;
    } else {
      groups.push_back(group);
    }
  }
  for (const auto& [name, weight] : given) {
    if (std::ranges::find(columns, name, &Column::name) != columns.end()) continue;
    std::vector<std::string> names;
    for (const Column& column : columns) names.push_back(column.name);
    throw Error(ErrorKind::usage,
                fmt::format("--group-weights names a column '{}'; the data have {}", name,
                            fmt::join(names, ", ")));
  }
  if (!groups.empty() &&
      std::ranges::all_of(groups, [](const OutputGroup& group) { return group.weight == 0; })) {
    throw Error(ErrorKind::usage, "--group-weights are all 0: nothing would be learned");
  }
  return groups;
}

TrainConfig with_table_columns(const Communicator& communicator, TrainConfig config,
                               const DatasetInfo& data) {
  collectively(communicator, [&] {
    config.columns = columns_of(data);
    config.model.groups.clear();
    if (config.model.loss != Loss::mixed) return;
    if (config.columns.empty()) {
      throw Error(
          ErrorKind::usage,
          to_string(data.address) +
              ": has no columns of several kinds, as hourglass import makes them of tables: "
              "use --loss mse instead of mixed");
    }
    config.model.groups = output_groups(config.columns, config.group_weights);
  });
  return config;
}

void store_columns(const std::vector<Column>& columns, StateHeader& header) {
  if (!columns.empty()) header.texts[header_text] = columns_text(columns);
}

void load_columns(const StateHeader& header, const std::string& path, TrainConfig& config) {
  const auto found = header.texts.find(header_text);
  if (found != header.texts.end()) config.columns = columns_from(found->second, path);
  if (config.model.loss != Loss::mixed) return;
  if (config.columns.empty())
    throw Error(ErrorKind::data, path + ": does not hold the columns of its mixed loss");
  config.model.groups = output_groups(config.columns, config.group_weights);
}

}  // namespace hourglass
