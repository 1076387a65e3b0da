#include "run/metrics_reader.hpp"

#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

// Numbers that are not finite are written as null.
double number(const nlohmann::json& line, const char* key) {
  const auto found = line.find(key);
  return found == line.end() || found->is_null() ? std::nan("") : found->get<double>();
}

std::vector<double> numbers(const nlohmann::json& line, const char* key) {
  std::vector<double> result;
  const auto found = line.find(key);
  if (found == line.end()) return result;
  for (const nlohmann::json& value : *found)
    result.push_back(value.is_null() ? std::nan("") : value.get<double>());
  return result;
}

std::optional<SparseUse> sparse_use(const nlohmann::json& line) {
  if (!line.contains("l0")) return {};
  SparseUse use;
  use.active_units = number(line, "l0");
  use.unexplained = number(line, "fvu");
  if (const double share = number(line, "validation_fvu"); std::isfinite(share))
    use.validation_unexplained = share;
  use.units = line.value("code_units", Index{1});
  use.dead_units = line.value("dead_units", Index{0});
  for (const double units : numbers(line, "use_histogram"))
    use.use_histogram.push_back(static_cast<std::int64_t>(units));
  if (const double cosine = number(line, "nearest_cosine"); std::isfinite(cosine))
    use.nearest_cosine = cosine;
  return use;
}

MetricsRecord parse(const std::string& text) {
  const auto line = nlohmann::json::parse(text);
  MetricsRecord record;
  record.kind = line.at("kind").get<std::string>();
  record.phase = line.value("phase", record.phase);
  if (const auto layer = line.find("layer"); layer != line.end() && !layer->is_null())
    record.layer = layer->get<Index>();
  record.epoch = line.at("epoch").get<Index>();
  record.step = line.at("step").get<Index>();
  record.loss = number(line, "loss");
  record.sse = number(line, "sse");
  record.penalty = number(line, "penalty");
  if (const double sse = number(line, "validation_sse"); std::isfinite(sse))
    record.validation_sse = sse;
  record.unit_kl = numbers(line, "unit_kl");
  record.validation_unit_kl = numbers(line, "validation_unit_kl");
  record.sparse_use = sparse_use(line);
  record.learning_rate = number(line, "learning_rate");
  record.gradient_norm = number(line, "gradient_norm");
  record.samples_per_second = number(line, "samples_per_second");
  record.seconds_compute = number(line, "seconds_compute");
  record.seconds_exchange_exposed = number(line, "seconds_exchange_exposed");
  record.seconds_input_wait = number(line, "seconds_input_wait");
  // Early versions did not record these two.
  if (line.contains("seconds_checkpoint"))
    record.seconds_checkpoint = number(line, "seconds_checkpoint");
  if (line.contains("seconds_verify")) record.seconds_verify = number(line, "seconds_verify");
  record.resident_bytes = line.value("resident_bytes", Index{0});
  return record;
}

}  // namespace

std::optional<MetricsRecord> metrics_record(const std::string& line) {
  try {
    return parse(line);
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

std::vector<MetricsRecord> read_metrics(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream)
    throw Error(ErrorKind::io, fmt::format("cannot read {}: no such file, or no permission", path));
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  text.resize(text.rfind('\n') + 1);  // npos + 1 is 0: no whole line yet
  std::istringstream lines(text);
  std::vector<MetricsRecord> records;
  Index number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    auto record = metrics_record(line);
    if (!record) {
      throw Error(ErrorKind::data,
                  fmt::format("{}: line {} is not a record of a training run", path, number));
    }
    records.push_back(std::move(*record));
  }
  return records;
}

}  // namespace hourglass
