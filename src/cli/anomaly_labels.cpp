#include "cli/anomaly_labels.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/edit_distance.hpp"
#include "data/labels.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

Labels labels_of(const Arguments& arguments, const DatasetReader& reader) {
  const DatasetInfo& info = reader.info();
  if (arguments.has("labels")) {
    DatasetAddress address = parse_address(arguments.get("labels"));
    address.options = info.address.options;
    return read_labels(address, info.rows());
  }
  const LabelsBeside beside = labels_beside(info);
  if (beside.address) return read_labels(*beside.address, info.rows());
  throw Error(
      ErrorKind::data,
      fmt::format("{}: no labels beside the samples{}; name them with --labels FILE.h5:/path",
                  to_string(info.address),
                  beside.reason.empty() ? "" : " (" + beside.reason + ")"));
}

}  // namespace

std::vector<std::uint8_t> find_anomalies(const Arguments& arguments, const DatasetReader& reader,
                                         const std::vector<std::string>& anomalies) {
  const Labels labels = labels_of(arguments, reader);
  std::vector<std::int64_t> wanted;
  for (const std::string& name : anomalies) {
    const auto label = labels.find(name);
    if (!label && labels.names.empty()) {
      throw Error(
          ErrorKind::usage,
          fmt::format("--anomaly-label is '{}', but comma-separated whole numbers are expected",
                      arguments.get("anomaly-label")));
    }
    if (!label) {
      throw Error(ErrorKind::usage,
                  fmt::format("--anomaly-label: {} has no class '{}'{}", labels.source, name,
                              suggestion(name, labels.names)));
    }
    wanted.push_back(*label);
  }
  std::vector<std::uint8_t> positive;
  for (const std::int64_t label : labels.values)
    positive.push_back(std::ranges::find(wanted, label) != wanted.end() ? 1 : 0);
  return positive;
}

}  // namespace hourglass
