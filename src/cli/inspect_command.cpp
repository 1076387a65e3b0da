#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <span>

#include "checkpoint/describe.hpp"
#include "checkpoint/state_file.hpp"
#include "cli/command.hpp"
#include "cli/reading_options.hpp"
#include "core/condition.hpp"
#include "data/data_identity.hpp"
#include "hourglass/core/error.hpp"
#include "run/model_origin.hpp"

namespace hourglass {
namespace {

std::string dimensions(const std::vector<Index>& shape) {
  return shape.empty() ? "scalar" : fmt::format("{}", fmt::join(shape, " x "));
}

// Some types are stored that nothing computes in: they are converted as they are read.
std::string type_text(const DescribedDataset& dataset) {
  const std::string_view read = name_of(dataset.info.type);
  return dataset.type == read ? dataset.type : fmt::format("{} (read as {})", dataset.type, read);
}

std::string storage(const DatasetInfo& info) {
  if (info.entries.known()) {
    const Index count = info.entries.before(info.rows());
    const double all = static_cast<double>(info.rows()) * static_cast<double>(info.features());
    return fmt::format("sparse rows of {} elements in all, {:.3g} %{}{}", count,
                       all > 0 ? 100 * static_cast<double>(count) / all : 0,
                       info.filters.empty() ? "" : ", ", fmt::join(info.filters, ", "));
  }
  if (!info.chunked) return "contiguous";
  return fmt::format("chunks of {}{}{}", dimensions(info.chunk), info.filters.empty() ? "" : ", ",
                     fmt::join(info.filters, ", "));
}

std::string names_text(const std::vector<std::string>& names) {
  constexpr std::size_t shown = 5;
  if (names.empty()) return "";
  const std::span first(names.data(), std::min(shown, names.size()));
  return fmt::format("  columns {}{}", fmt::join(first, ", "),
                     names.size() > shown ? fmt::format(" and {} more", names.size() - shown) : "");
}

void print_datasets(const FileDescription& file) {
  std::size_t width = 0;
  for (const auto& dataset : file.datasets) width = std::max(width, dataset.path.size());
  for (const auto& dataset : file.datasets) {
    if (dataset.problem.empty()) {
      const DatasetInfo& info = dataset.info;
      fmt::print("  {:<{}}  {}  {}  {}{}{}{}\n", dataset.path, width, dimensions(info.shape),
                 type_text(dataset), storage(info),
                 info.units.empty() ? "" : fmt::format("  in {}", info.units),
                 info.decoding.empty() ? "" : fmt::format("  ({})", info.decoding),
                 names_text(info.feature_names));
    } else {
      fmt::print("  {:<{}}  not trainable: {}\n", dataset.path, width, dataset.problem);
    }
  }
}

Index parameter_count(const StateFile& state) {
  Index count = 0;
  for (const StoredTensor& tensor : state.parameters) count += tensor.size;
  return count;
}

void print_state(const StateFile& state) {
  const bool checkpoint = !state.header.position.empty();
  fmt::print("{}: {} of {} parameters, verified\n", state.path, checkpoint ? "checkpoint" : "model",
             parameter_count(state));
  fmt::print("weights digest {}\n", state.weights_digest);
  for (const auto& [name, value] : state.header.position)
    fmt::print("position {} {}\n", name, value);
  for (const auto& [name, value] : state.header.texts) {
    if (name == "conditions") {
      for (const Condition& condition : conditions_from(value, state.path))
        fmt::print("condition {}: {}\n", condition.name, fmt::join(condition.categories, ", "));
    } else if (!is_identity_field(name) && !is_origin_detail(name)) {
      fmt::print("{} {}\n", name, value);
    }
  }
  if (const auto identity = load_identity(state.header.texts, state.path)) {
    for (const std::string& line : lines_of(*identity)) fmt::print("{}\n", line);
  }
  fmt::print("\ntensors\n");
  for (const StoredTensor& tensor : state.parameters)
    fmt::print("  {:<24} {}\n", tensor.name, dimensions(tensor.shape));
  if (!state.optimizer_groups.empty())
    fmt::print("optimizer state: {}\n", fmt::join(state.optimizer_groups, ", "));
  fmt::print("\nconfiguration\n{}", state.header.configuration);
}

nlohmann::ordered_json to_json(const FileDescription& file) {
  nlohmann::ordered_json json;
  json["file"] = file.path;
  json["bytes"] = file.bytes;
  json["datasets"] = nlohmann::ordered_json::array();
  for (const auto& dataset : file.datasets) {
    nlohmann::ordered_json entry;
    entry["path"] = dataset.path;
    if (dataset.problem.empty()) {
      entry["shape"] = dataset.info.shape;
      entry["type"] = name_of(dataset.info.type);
      entry["stored_type"] = dataset.type;
      entry["chunk"] = dataset.info.chunk;
      entry["filters"] = dataset.info.filters;
      if (dataset.info.entries.known())
        entry["elements"] = dataset.info.entries.before(dataset.info.rows());
      if (!dataset.info.units.empty()) entry["units"] = dataset.info.units;
      if (!dataset.info.decoding.empty()) entry["decoding"] = dataset.info.decoding;
      if (!dataset.info.feature_names.empty()) entry["columns"] = dataset.info.feature_names;
    } else {
      entry["problem"] = dataset.problem;
    }
    json["datasets"].push_back(entry);
  }
  return json;
}

nlohmann::ordered_json to_json(const DataIdentity& identity) {
  nlohmann::ordered_json json;
  json["type"] = name_of(identity.type);
  json["shape"] = identity.sample_shape;
  json["normalize"] = name_of(identity.normalize);
  if (identity.range.known()) json["range"] = {identity.range.lowest, identity.range.highest};
  json["units"] = identity.units;
  json["feature_names"] = identity.feature_names;
  return json;
}

void add_state(const StateFile& state, nlohmann::ordered_json& json) {
  json["kind"] = state.header.position.empty() ? "model" : "checkpoint";
  json["weights_digest"] = state.weights_digest;
  json["parameters"] = parameter_count(state);
  json["position"] = state.header.position;
  json["texts"] = state.header.texts;
  if (const auto identity = load_identity(state.header.texts, state.path))
    json["data"] = to_json(*identity);
  json["configuration"] = state.header.configuration;
  json["optimizer_state"] = state.optimizer_groups;
}

void run_inspect(const Arguments& arguments) {
  if (arguments.positional.empty())
    throw Error(ErrorKind::usage, "name a file: hourglass inspect FILE.h5");
  const FileDescription file = describe_file(arguments.positional.front(), reading_from(arguments));
  if (arguments.flag("json")) {
    nlohmann::ordered_json json = to_json(file);
    if (file.is_state) add_state(read_state_file(file.path), json);
    fmt::print("{}\n", json.dump());
  } else if (file.is_state) {
    print_state(read_state_file(file.path));
  } else {
    fmt::print("{}: {} bytes, {} data sets\n", file.path, file.bytes, file.datasets.size());
    print_datasets(file);
  }
}

}  // namespace

Command inspect_command() {
  return {"inspect",
          "List the contents of a model, a checkpoint or any HDF5 file, with the weights digest",
          "hourglass inspect FILE.h5 [--json]",
          "The weights digest covers the bits of all parameters: models with equal digests are "
          "equal.\n",
          with_reading_options({{"json", "output", "Print one JSON object", "", true},
                                {"help", "output", "Show this text", "", true}},
                               0),
          1,
          false,
          run_inspect};
}

}  // namespace hourglass
