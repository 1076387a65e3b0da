#include "run/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "hourglass/core/error.hpp"
#include "model/unit_divergences.hpp"
#include "system/atomic_file.hpp"

namespace hourglass {

namespace {

nlohmann::ordered_json number(double value) {
  if (!std::isfinite(value)) return nullptr;  // JSON has no NaN
  return value;
}

// The lines of an earlier part of the run that stay: complete records of at most `steps` updates.
std::string kept_lines(const std::string& path, Index steps) {
  std::ifstream stream(path);
  std::string kept;
  for (std::string line; std::getline(stream, line);) {
    const auto record = nlohmann::json::parse(line, nullptr, false);
    if (record.is_discarded() || !record.is_object()) continue;  // cut short by a kill
    if (record.value("step", Index{0}) <= steps) kept += line + "\n";
  }
  return kept;
}

void add_divergences(nlohmann::ordered_json& json, const std::string& prefix,
                     const std::vector<double>& divergences) {
  if (divergences.empty()) return;
  const CodeUse use = code_use(divergences);
  json[prefix + "kl"] = number(use.divergence);
  json[prefix + "units_used"] = use.used_units;
  json[prefix + "unit_kl"] = divergences;
}

void add_sparse_use(nlohmann::ordered_json& json, const SparseUse& use) {
  json["l0"] = number(use.active_units);
  json["fvu"] = number(use.unexplained);
  if (use.validation_unexplained) json["validation_fvu"] = number(*use.validation_unexplained);
  json["code_units"] = use.units;
  json["dead_units"] = use.dead_units;
  json["dead_share"] = number(use.dead_share());
  if (!use.use_histogram.empty()) json["use_histogram"] = use.use_histogram;
  if (use.nearest_cosine) json["nearest_cosine"] = number(*use.nearest_cosine);
}

// The cells of a record by column: an array has one for each element, "name_0" and so on; null is
// an empty cell.
std::vector<std::pair<std::string, std::string>> cells_of(const nlohmann::ordered_json& record) {
  std::vector<std::pair<std::string, std::string>> cells;
  const auto text = [](const nlohmann::ordered_json& value) {
    if (value.is_null()) return std::string();
    return value.is_string() ? value.get<std::string>() : value.dump();
  };
  for (const auto& [name, value] : record.items()) {
    if (!value.is_array()) {
      cells.emplace_back(name, text(value));
      continue;
    }
    for (std::size_t i = 0; i < value.size(); ++i)
      cells.emplace_back(fmt::format("{}_{}", name, i), text(value[i]));
  }
  return cells;
}

std::vector<std::string> columns_of(const MetricsRecord& example) {
  std::vector<std::string> columns;
  for (const auto& [name, value] : cells_of(nlohmann::ordered_json::parse(to_json_line(example))))
    columns.push_back(name);
  return columns;
}

// A record as a line of metrics.csv.
std::string table_line(const nlohmann::ordered_json& record,
                       const std::vector<std::string>& columns) {
  const auto cells = cells_of(record);
  auto next = cells.begin();
  std::string line;
  for (const std::string& column : columns) {
    if (!line.empty() || &column != columns.data()) line += ',';
    // Both have the order of to_json_line(): the search begins behind the last one found.
    const auto found =
        std::find_if(next, cells.end(), [&](const auto& cell) { return cell.first == column; });
    if (found == cells.end()) continue;
    line += found->second;
    next = found + 1;
  }
  return line + "\n";
}

// metrics.csv holds what metrics.jsonl does: rewritten from it whenever a run is started or
// resumed.
std::string table_of(const std::string& lines, const std::vector<std::string>& columns) {
  std::string table = fmt::format("{}\n", fmt::join(columns, ","));
  for (std::size_t begin = 0; begin < lines.size();) {
    const std::size_t end = lines.find('\n', begin);
    table += table_line(nlohmann::ordered_json::parse(lines.substr(begin, end - begin)), columns);
    begin = end + 1;
  }
  return table;
}

std::string table_path(const std::string& path) {
  return std::filesystem::path(path).replace_extension(".csv").string();
}

}  // namespace

CodeUse code_use(std::span<const double> unit_kl) {
  return {unit_kl.size(), count_used_units(unit_kl), used_unit_nats, total_divergence(unit_kl)};
}

const std::vector<double>& divergences_of(const MetricsRecord& record) {
  return record.validation_unit_kl.empty() ? record.unit_kl : record.validation_unit_kl;
}

std::string to_json_line(const MetricsRecord& record) {
  nlohmann::ordered_json json;
  json["kind"] = record.kind;
  json["phase"] = record.phase;
  json["layer"] = record.layer ? nlohmann::ordered_json(*record.layer) : nullptr;
  json["epoch"] = record.epoch;
  json["step"] = record.step;
  json["loss"] = number(record.loss);
  json["sse"] = number(record.sse);
  json["penalty"] = number(record.penalty);
  json["validation_sse"] = record.validation_sse ? number(*record.validation_sse) : nullptr;
  add_divergences(json, "", record.unit_kl);
  add_divergences(json, "validation_", record.validation_unit_kl);
  if (record.sparse_use) add_sparse_use(json, *record.sparse_use);
  json["learning_rate"] = number(record.learning_rate);
  json["gradient_norm"] = number(record.gradient_norm);
  json["samples_per_second"] = number(record.samples_per_second);
  json["seconds_compute"] = number(record.seconds_compute);
  json["seconds_exchange_exposed"] = number(record.seconds_exchange_exposed);
  json["seconds_input_wait"] = number(record.seconds_input_wait);
  json["seconds_checkpoint"] = number(record.seconds_checkpoint);
  json["seconds_verify"] = number(record.seconds_verify);
  json["resident_bytes"] = record.resident_bytes;
  if (record.root_failures) json["root_failures"] = *record.root_failures;
  if (record.sent_bytes) json["sent_bytes"] = *record.sent_bytes;
  if (record.group_spread) json["group_spread"] = number(*record.group_spread);
  return json.dump();
}

MetricsFile::MetricsFile(const std::string& path, Index steps, const MetricsRecord& example)
    : path_(path), columns_(columns_of(example)) {
  std::string kept;
  if (std::filesystem::exists(path)) {
    kept = kept_lines(path, steps);
    write_text_atomically(path, kept);
  }
  write_text_atomically(table_path(path), table_of(kept, columns_));
  stream_.open(path, std::ios::app);
  table_.open(table_path(path), std::ios::app);
  if (!stream_ || !table_)
    throw Error(ErrorKind::io,
                fmt::format("cannot write {}: check the folder's permissions", path));
}

void MetricsFile::write(const MetricsRecord& record) {
  const std::string line = to_json_line(record);
  stream_ << line << '\n' << std::flush;
  table_ << table_line(nlohmann::ordered_json::parse(line), columns_) << std::flush;
  if (!stream_ || !table_)
    throw Error(ErrorKind::io, fmt::format("cannot write {}: is the disk full?", path_));
}

}  // namespace hourglass
