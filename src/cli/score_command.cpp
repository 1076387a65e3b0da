#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

#include "analysis/anomaly.hpp"
#include "cli/command.hpp"
#include "cli/model_arguments.hpp"
#include "cli/window_output.hpp"
#include "config/data_reading.hpp"
#include "core/text_list.hpp"
#include "data/labels.hpp"
#include "engine/training_data.hpp"
#include "hdf5/dataset_writer.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

constexpr std::size_t shown_samples = 5;

struct ScoreOptions {
  std::optional<DatasetAddress> output;
  double quantile = 0.99;
  std::string fit;  ///< samples that the threshold comes from; "" for none
  ReadOptions fit_reading;
  std::vector<std::int64_t> anomalies;
};

struct Report {
  Index samples = 0;
  double mean = 0;
  std::vector<std::pair<double, Index>> highest;
  std::vector<Index> highest_steps;  ///< the first time steps of these windows
  std::optional<double> threshold;
  Index flagged = 0;
  std::optional<Detection> labels;
  Index flagged_anomalies = 0;
};

ScoreOptions read_score_options(const Arguments& arguments, const ModelArguments& given) {
  ScoreOptions options;
  if (arguments.has("output")) options.output = parse_address(arguments.get("output"));
  options.quantile = arguments.number("threshold-quantile", 0.99);
  if (options.quantile < 0 || options.quantile > 1) {
    throw Error(ErrorKind::usage, fmt::format("--threshold-quantile is {}, but 0 to 1 is expected",
                                              options.quantile));
  }
  options.fit = arguments.get("fit");
  options.fit_reading = for_other_rows(given.reading);
  if (options.fit.empty() && arguments.has("threshold-quantile")) {
    const TrainConfig& run = given.model.config;
    options.fit = has_validation(run) ? validation_data(run) : run.data;
    options.fit_reading = has_validation(run) ? validation_reading(run) : training_reading(run);
  }
  if (arguments.has("labels") && !arguments.has("anomaly-label")) {
    throw Error(ErrorKind::usage, "--labels needs --anomaly-label, the labels of anomalies");
  }
  if (!arguments.has("anomaly-label")) return options;
  for (const std::string& text : split_list(arguments.get("anomaly-label"))) {
    std::int64_t label = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), label);
    if (error != std::errc{} || end != text.data() + text.size()) {
      throw Error(
          ErrorKind::usage,
          fmt::format("--anomaly-label is '{}', but comma-separated whole numbers are expected",
                      arguments.get("anomaly-label")));
    }
    options.anomalies.push_back(label);
  }
  if (options.anomalies.empty()) throw Error(ErrorKind::usage, "--anomaly-label is empty");
  return options;
}

std::vector<std::uint8_t> find_anomalies(const Arguments& arguments, const DatasetReader& reader,
                                         const std::vector<std::int64_t>& anomalies) {
  const DatasetInfo& info = reader.info();
  const auto address =
      arguments.has("labels") ? labels_at(arguments.get("labels"), info) : labels_beside(info);
  if (!address) {
    throw Error(
        ErrorKind::data,
        fmt::format("{}: no labels beside the samples; name them with --labels FILE.h5:/path",
                    to_string(reader.info().address)));
  }
  std::vector<std::uint8_t> positive;
  for (const std::int64_t label : read_labels(*address, reader.info().rows())) {
    positive.push_back(std::ranges::find(anomalies, label) != anomalies.end() ? 1 : 0);
  }
  return positive;
}

/// The values of all ranks, in order of rows.
std::vector<double> gather(const Communicator& world, const std::vector<double>& mine) {
  std::vector<double> all;
  for (const std::string& part : world.all_gather(
           std::string(reinterpret_cast<const char*>(mine.data()), mine.size() * sizeof(double)))) {
    const std::size_t begin = all.size();
    all.resize(begin + part.size() / sizeof(double));
    if (!part.empty()) std::memcpy(all.data() + begin, part.data(), part.size());
  }
  return all;
}

void write_scores(const Communicator& world, const DatasetAddress& output,
                  const SampleErrors& errors, const Report& report, const ModelArguments& given,
                  const DatasetReader& reader, WorkerPool& pool) {
  const std::string& model = given.model.file.path;
  const std::string group = output.path == "/" ? "" : output.path;
  DatasetSpec scores{group + "/scores",
                     {report.samples},
                     ElementType::f64,
                     0,
                     0,
                     {{"model", model}, {"score", "squared error, summed over features"}}};
  if (report.threshold) scores.texts["threshold"] = fmt::format("{}", *report.threshold);
  std::vector<DatasetSpec> specs = {scores};
  if (report.threshold)
    specs.push_back({group + "/anomalous", {report.samples}, ElementType::u8, 0, 0, {}});
  if (is_windowed(reader)) {
    specs.push_back({group + "/step_scores",
                     {reader.time_steps()},
                     ElementType::f64,
                     0,
                     0,
                     {{"model", model},
                      {"score",
                       "squared error of the time step, summed over channels, averaged "
                       "over the windows that cover it"}}});
  }
  DatasetWriter writer(world, output.file, specs);
  writer.write_rows(0, errors.rows, std::as_bytes(std::span(errors.values)));
  if (report.threshold) {
    std::vector<std::uint8_t> anomalous;
    for (const double value : errors.values) anomalous.push_back(value > *report.threshold ? 1 : 0);
    writer.write_rows(1, errors.rows, std::as_bytes(std::span(anomalous)));
  }
  if (is_windowed(reader)) write_step_scores(world, given, reader, pool, writer, specs.size() - 1);
  writer.commit();
}

void print_json(const Report& report) {
  nlohmann::ordered_json json;
  json["samples"] = report.samples;
  json["mean"] = report.mean;
  for (const auto& [score, row] : report.highest)
    json["highest"].push_back({{"row", row}, {"score", score}});
  for (std::size_t i = 0; i < report.highest_steps.size(); ++i)
    json["highest"][i]["time_step"] = report.highest_steps[i];
  if (report.threshold) {
    json["threshold"] = *report.threshold;
    json["flagged"] = report.flagged;
  }
  if (report.labels) {
    json["anomalies"] = report.labels->positives;
    json["auroc"] = report.labels->auroc;
    json["average_precision"] = report.labels->average_precision;
    if (report.threshold) json["flagged_anomalies"] = report.flagged_anomalies;
  }
  fmt::print("{}\n", json.dump());
}

void print_text(const Report& report, const ScoreOptions& options) {
  fmt::print("samples    {}\nmean score {:.6f}   squared error, summed over features\nhighest   ",
             report.samples, report.mean);
  for (std::size_t i = 0; i < report.highest.size(); ++i) {
    const auto& [score, row] = report.highest[i];
    if (report.highest_steps.empty()) {
      fmt::print("  row {} ({:.4f})", row, score);
    } else {
      fmt::print("  window {} from time step {} ({:.4f})", row, report.highest_steps[i], score);
    }
  }
  fmt::print("\n");
  if (report.threshold) {
    fmt::print(
        "threshold  {:.6f}   the {} quantile of {}\nflagged    {}   score above the threshold\n",
        *report.threshold, options.quantile, options.fit, report.flagged);
  }
  if (!report.labels) return;
  fmt::print(
      "anomalies  {}   according to the labels\nauroc      {:.6f}\nap         {:.6f}   average "
      "precision\n",
      report.labels->positives, report.labels->auroc, report.labels->average_precision);
  if (report.threshold) {
    fmt::print("recall     {:.6f}   of anomalies flagged\nprecision  {:.6f}   of flagged samples\n",
               static_cast<double>(report.flagged_anomalies) /
                   static_cast<double>(report.labels->positives),
               report.flagged > 0 ? static_cast<double>(report.flagged_anomalies) /
                                        static_cast<double>(report.flagged)
                                  : 0.0);
  }
}

void run_score(const Arguments& arguments) {
  const auto world = Communicator::world();
  const ModelArguments given = read_model_arguments(world, arguments);
  ScoreOptions options;
  collectively(world, [&] { options = read_score_options(arguments, given); });
  const auto reader = open_everywhere(world, given.data, given.reading);
  std::vector<std::uint8_t> anomalies;
  collectively(world, [&] {
    check_features(reader->info(), given.model.network->features());
    if (!options.anomalies.empty())
      anomalies = find_anomalies(arguments, *reader, options.anomalies);
    if (options.output) {
      const std::string path =
          (options.output->path == "/" ? "" : options.output->path) + "/scores";
      check_output(options.output->file, std::span(&path, 1));
    }
  });
  WorkerPool pool(given.threads);
  Report report;
  report.samples = reader->info().rows();
  if (!options.fit.empty()) {
    const auto fit = open_everywhere(world, options.fit, options.fit_reading);
    report.threshold =
        quantile(world, sample_errors(world, given.model, *fit, given.micro_batch, pool).values,
                 options.quantile);
  }
  const SampleErrors errors = sample_errors(world, given.model, *reader, given.micro_batch, pool);
  const std::vector<double> scores = gather(world, errors.values);
  collectively(world, [&] {
    if (!anomalies.empty()) report.labels = detection(scores, anomalies);
  });
  report.mean =
      std::accumulate(scores.begin(), scores.end(), 0.0) / static_cast<double>(report.samples);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const bool flagged = report.threshold && scores[i] > *report.threshold;
    report.flagged += flagged ? 1 : 0;
    report.flagged_anomalies += flagged && !anomalies.empty() && anomalies[i] != 0 ? 1 : 0;
    report.highest.emplace_back(scores[i], static_cast<Index>(i));
  }
  const std::size_t shown = std::min(shown_samples, report.highest.size());
  std::ranges::partial_sort(
      report.highest, report.highest.begin() + static_cast<std::ptrdiff_t>(shown),
      [](const auto& a, const auto& b) {
        return a.first > b.first || (a.first == b.first && a.second < b.second);
      });
  report.highest.resize(shown);
  if (is_windowed(*reader)) {
    for (const auto& entry : report.highest)
      report.highest_steps.push_back(reader->first_time_step(entry.second));
  }
  if (options.output) write_scores(world, *options.output, errors, report, given, *reader, pool);
  if (!world.is_root()) return;
  if (options.output && !arguments.flag("json")) {
    fmt::print("{}:{}/scores holds {}\n", options.output->file,
               options.output->path == "/" ? "" : options.output->path, report.samples);
  }
  arguments.flag("json") ? print_json(report) : print_text(report, options);
}

}  // namespace

Command score_command() {
  std::vector<Option> options = model_options();
  options.push_back({"output", "output",
                     "FILE.h5[:/group] to create; <group>/scores (N x float64), with a threshold "
                     "also <group>/anomalous, for windows also <group>/step_scores (one per time "
                     "step)",
                     "", false});
  options.push_back({"threshold-quantile", "threshold",
                     "Flag samples that score above this quantile of the scores of --fit", "0.99",
                     false});
  options.push_back({"fit", "threshold", "Samples that determine the threshold",
                     "with --threshold-quantile: the run's validation samples, or training samples",
                     false});
  options.push_back({"anomaly-label", "labels",
                     "Labels of anomalies, comma-separated: report AUROC and average precision", "",
                     false});
  options.push_back({"labels", "labels", "Labels of the samples: FILE.h5:/path",
                     "labels beside the samples", false});
  options.push_back({"json", "output", "Print one JSON object", "", true});
  options.push_back({"help", "output", "Show this text", "", true});
  return {"score",
          "Score samples by their reconstruction error to find anomalies",
          "hourglass score --model run/model.h5 --data FILE.h5:/test/samples [--output scores.h5] "
          "[--threshold-quantile 0.99] "
          "[--anomaly-label 9]",
          "The scores are the same on any number of ranks and threads.\n",
          options,
          0,
          true,
          run_score,
          false,
          {"threads", "micro-batch"}};
}

}  // namespace hourglass
