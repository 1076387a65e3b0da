#include "run/metrics.hpp"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "hourglass/core/error.hpp"
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

// A record as a line of metrics.csv, or the names of its columns; null becomes an empty cell.
std::string table_line(const nlohmann::ordered_json& record, bool names) {
  std::string line;
  for (const auto& [name, value] : record.items()) {
    if (!line.empty()) line += ',';
    if (names) {
      line += name;
    } else if (!value.is_null()) {
      line += value.is_string() ? value.get<std::string>() : value.dump();
    }
  }
  return line + "\n";
}

// metrics.csv holds what metrics.jsonl does: rewritten from it whenever a run is started or
// resumed.
std::string table_of(const std::string& lines) {
  std::string table = table_line(nlohmann::ordered_json::parse(to_json_line({})), true);
  for (std::size_t begin = 0; begin < lines.size();) {
    const std::size_t end = lines.find('\n', begin);
    table += table_line(nlohmann::ordered_json::parse(lines.substr(begin, end - begin)), false);
    begin = end + 1;
  }
  return table;
}

std::string table_path(const std::string& path) {
  return std::filesystem::path(path).replace_extension(".csv").string();
}

}  // namespace

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
  json["learning_rate"] = number(record.learning_rate);
  json["gradient_norm"] = number(record.gradient_norm);
  json["samples_per_second"] = number(record.samples_per_second);
  json["seconds_compute"] = number(record.seconds_compute);
  json["seconds_exchange_exposed"] = number(record.seconds_exchange_exposed);
  json["seconds_input_wait"] = number(record.seconds_input_wait);
  json["seconds_checkpoint"] = number(record.seconds_checkpoint);
  json["seconds_verify"] = number(record.seconds_verify);
  json["resident_bytes"] = record.resident_bytes;
  return json.dump();
}

MetricsFile::MetricsFile(const std::string& path, Index steps) : path_(path) {
  std::string kept;
  if (std::filesystem::exists(path)) {
    kept = kept_lines(path, steps);
    write_text_atomically(path, kept);
  }
  write_text_atomically(table_path(path), table_of(kept));
  stream_.open(path, std::ios::app);
  table_.open(table_path(path), std::ios::app);
  if (!stream_ || !table_)
    throw Error(ErrorKind::io,
                fmt::format("cannot write {}: check the folder's permissions", path));
}

void MetricsFile::write(const MetricsRecord& record) {
  const std::string line = to_json_line(record);
  stream_ << line << '\n' << std::flush;
  table_ << table_line(nlohmann::ordered_json::parse(line), false) << std::flush;
  if (!stream_ || !table_)
    throw Error(ErrorKind::io, fmt::format("cannot write {}: is the disk full?", path_));
}

}  // namespace hourglass
