#include "report/scaling_results.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/median.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

using Json = nlohmann::ordered_json;

void put_point(Json& json, const ScalingPoint& point) {
  json["ranks"] = point.ranks;
  json["reduction"] = point.reduction;
  json["micro_batch"] = point.micro_batch;
  json["batch"] = point.batch;
}

// Impossible values would give tables of nonsense and charts without a scale.
Index positive_count(const Json& json, const char* key) {
  const Json& value = json.at(key);
  if (!value.is_number_integer() || value.get<Index>() < 1 || value.get<Index>() > Index{1} << 53) {
    throw Error(ErrorKind::data, fmt::format("{} is not a positive integer", key));
  }
  return value.get<Index>();
}

double not_negative(const Json& json, const char* key) {
  const auto value = json.at(key).get<double>();
  if (!(value >= 0) || !std::isfinite(value))
    throw Error(ErrorKind::data, fmt::format("{} is negative", key));
  return value;
}

double positive(const Json& json, const char* key) {
  const auto value = json.at(key).get<double>();
  if (!(value > 0) || !std::isfinite(value))
    throw Error(ErrorKind::data, fmt::format("{} is not positive", key));
  return value;
}

int ranks_of(const Json& json) {
  const Index ranks = positive_count(json, "ranks");
  if (ranks > std::numeric_limits<int>::max())
    throw Error(ErrorKind::data, "ranks is out of range");
  return static_cast<int>(ranks);
}

ScalingPoint point_of(const Json& json) {
  return {ranks_of(json), json.at("reduction").get<std::string>(),
          positive_count(json, "micro_batch"), positive_count(json, "batch")};
}

Json figures_json(const std::vector<NetworkFigure>& figures) {
  Json list = Json::array();
  for (const NetworkFigure& figure : figures)
    list.push_back({{"bytes", figure.bytes}, {"seconds", figure.seconds}});
  return list;
}

NetworkFigure figure_of(const Json& json) {
  return {json.at("bytes").get<Index>(), positive(json, "seconds")};
}

std::vector<NetworkFigure> figures_of(const Json& list) {
  std::vector<NetworkFigure> figures;
  for (const Json& json : list) figures.push_back(figure_of(json));
  return figures;
}

ScalingRepetition repetition_of(const Json& json) {
  ScalingRepetition repetition;
  repetition.point = point_of(json);
  repetition.number = positive_count(json, "repetition");
  repetition.step_seconds = positive(json, "step_seconds");
  repetition.samples_per_second = positive(json, "samples_per_second");
  repetition.imbalance = not_negative(json, "imbalance");
  repetition.oversubscribed = json.at("oversubscribed").get<bool>();
  repetition.shards = positive_count(json, "shards");
  repetition.threads = positive_count(json, "threads");
  repetition.arena_bytes = positive_count(json, "arena_bytes");
  repetition.buckets = positive_count(json, "buckets");
  for (const auto& [name, phase] : json.at("phases").items()) {
    repetition.phases[name] = {not_negative(phase, "max"), not_negative(phase, "mean")};
  }
  for (const char* name : {"compute", "exchange", "input", "update"}) {
    if (!repetition.phases.contains(name))
      throw Error(ErrorKind::data, fmt::format("phases lack {}", name));
  }
  repetition.hosts = json.at("hosts").get<std::vector<std::string>>();
  repetition.texts = json.at("texts").get<std::map<std::string, std::string>>();
  return repetition;
}

ScalingNetwork network_of(const Json& json) {
  ScalingNetwork network;
  network.ranks = ranks_of(json);
  network.allreduce = figures_of(json.at("allreduce"));
  network.point_to_point = figures_of(json.at("point_to_point"));
  for (const auto& [name, figure] : json.at("exchange").items())
    network.exchange[name] = figure_of(figure);
  return network;
}

void read_study(const Json& json, ScalingStudy& study) {
  if (!json.is_object() || json.value("kind", "") != "study" || !json.contains("format")) {
    throw Error(ErrorKind::data, "not a results file of hourglass scale");
  }
  const auto format = json.at("format").get<int>();
  if (format != scaling_format) {
    throw Error(
        ErrorKind::data,
        fmt::format("written in format {}, and this program reads format {}: use the hourglass "
                    "that wrote it{}",
                    format, scaling_format,
                    json.contains("program") ? " (" + json.value("program", "") + ")" : ""));
  }
  const auto mode = json.at("mode").get<std::string>();
  if (mode != "weak" && mode != "strong")
    throw Error(ErrorKind::data, fmt::format("mode is '{}': neither weak nor strong", mode));
  study.weak = mode == "weak";
  study.steps = json.at("steps").get<Index>();
  study.warm_up = json.at("warm_up").get<Index>();
  study.train_options = json.at("train_options").get<std::vector<std::string>>();
  for (const char* name : {"program", "revision", "launcher", "started"})
    study.texts[name] = json.value(name, "unknown");
}

void read_line(const std::string& line, bool first, ScalingStudy& study) {
  const Json json = Json::parse(line);
  if (first) return read_study(json, study);
  const auto kind = json.at("kind").get<std::string>();
  if (kind == "repetition") {
    study.repetitions.push_back(repetition_of(json));
  } else if (kind == "network") {
    study.networks.push_back(network_of(json));
  } else if (kind == "summary") {
    study.summarized[point_of(json)] = json.at("repetitions").get<Index>();
  } else {
    throw Error(ErrorKind::data, fmt::format("unknown kind '{}'", kind));
  }
}

Json interval_json(const MedianEstimate& estimate) {
  return {{"median", estimate.median},
          {"low", estimate.low},
          {"high", estimate.high},
          {"confidence", estimate.confidence}};
}

}  // namespace

std::string study_line(const ScalingStudy& study) {
  Json json = {
      {"kind", "study"}, {"format", scaling_format}, {"mode", study.weak ? "weak" : "strong"}};
  for (const auto& [name, text] : study.texts) json[name] = text;
  json["steps"] = study.steps;
  json["warm_up"] = study.warm_up;
  json["train_options"] = study.train_options;
  return json.dump();
}

std::string repetition_line(const ScalingRepetition& repetition,
                            const std::vector<double>& step_seconds) {
  Json json = {{"kind", "repetition"}};
  put_point(json, repetition.point);
  json["repetition"] = repetition.number;
  json["step_seconds"] = repetition.step_seconds;
  json["samples_per_second"] = repetition.samples_per_second;
  json["imbalance"] = repetition.imbalance;
  json["oversubscribed"] = repetition.oversubscribed;
  json["shards"] = repetition.shards;
  json["threads"] = repetition.threads;
  json["arena_bytes"] = repetition.arena_bytes;
  json["buckets"] = repetition.buckets;
  json["phases"] = Json::object();
  for (const auto& [name, phase] : repetition.phases)
    json["phases"][name] = {{"max", phase.max}, {"mean", phase.mean}};
  json["hosts"] = repetition.hosts;
  json["texts"] = repetition.texts;
  json["steps"] = step_seconds;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string network_line(const ScalingNetwork& network) {
  Json json = {{"kind", "network"}, {"ranks", network.ranks}};
  json["allreduce"] = figures_json(network.allreduce);
  json["point_to_point"] = figures_json(network.point_to_point);
  json["exchange"] = Json::object();
  for (const auto& [name, figure] : network.exchange)
    json["exchange"][name] = {{"bytes", figure.bytes}, {"seconds", figure.seconds}};
  return json.dump();
}

std::string summary_line(const std::vector<ScalingRepetition>& repetitions) {
  const auto interval = [&](const auto& value_of) {
    std::vector<double> values;
    for (const ScalingRepetition& repetition : repetitions) values.push_back(value_of(repetition));
    return estimate_median(std::move(values));
  };
  const auto batch = static_cast<double>(repetitions.front().point.batch);
  const MedianEstimate seconds = interval([](const auto& r) { return r.step_seconds; });
  Json json = {{"kind", "summary"}};
  put_point(json, repetitions.front().point);
  json["repetitions"] = repetitions.size();
  json["step_seconds"] = interval_json(seconds);
  // The median of rates would differ from the table for an even number of repetitions.
  json["samples_per_second"] = interval_json(
      {batch / seconds.median, batch / seconds.high, batch / seconds.low, seconds.confidence});
  json["imbalance"] = interval_json(interval([](const auto& r) { return r.imbalance; }));
  for (const auto& phase : repetitions.front().phases) {
    const auto& name = phase.first;
    json["phases"][name] = interval_json(interval(
        [&](const auto& r) { return r.phases.contains(name) ? r.phases.at(name).max : 0.0; }));
  }
  return json.dump();
}

std::string numbered(const std::string& repetition_line, Index number) {
  Json json = Json::parse(repetition_line);
  json["repetition"] = number;
  return json.dump();
}

ScalingStudy read_scaling_results(const std::string& path, bool allow_incomplete) {
  if (std::filesystem::is_directory(path)) {
    throw Error(ErrorKind::io,
                fmt::format("cannot read {}: it is a folder; give the results.jsonl in it", path));
  }
  std::ifstream stream(path, std::ios::binary);
  if (!stream)
    throw Error(ErrorKind::io, fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  ScalingStudy study;
  study.file = path;
  Index number = 0;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    if (line.empty()) continue;
    try {
      if (allow_incomplete && stream.eof() && number > 1) break;
      read_line(line, number == 1, study);
    } catch (const Error& error) {
      throw Error(ErrorKind::data, fmt::format("{}, line {}: {}", path, number, error.what()));
    } catch (const Json::parse_error&) {
      throw Error(
          ErrorKind::data,
          fmt::format("{}, line {}: broken JSON{}", path, number,
                      stream.eof() ? " (cut short: continue the study, or remove the line)" : ""));
    } catch (const Json::out_of_range& error) {
      const std::string what = error.what();
      throw Error(ErrorKind::data,
                  fmt::format("{}, line {}: {}", path, number, what.substr(what.find("] ") + 2)));
    } catch (const Json::exception&) {
      throw Error(ErrorKind::data,
                  fmt::format("{}, line {}: a value has another type than hourglass scale writes",
                              path, number));
    }
  }
  if (number == 0) throw Error(ErrorKind::data, fmt::format("{}, line 1: the file is empty", path));
  return study;
}

std::map<ScalingPoint, std::vector<ScalingRepetition>> by_point(const ScalingStudy& study) {
  std::map<ScalingPoint, std::vector<ScalingRepetition>> points;
  for (const ScalingRepetition& repetition : study.repetitions)
    points[repetition.point].push_back(repetition);
  return points;
}

}  // namespace hourglass
