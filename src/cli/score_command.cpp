#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

#include "analysis/anomaly.hpp"
#include "cli/anomaly_labels.hpp"
#include "cli/command.hpp"
#include "cli/feature_output.hpp"
#include "cli/model_arguments.hpp"
#include "cli/window_output.hpp"
#include "config/data_reading.hpp"
#include "core/edit_distance.hpp"
#include "core/number_text.hpp"
#include "core/text_list.hpp"
#include "data/labels.hpp"
#include "data/original_units.hpp"
#include "engine/training_data.hpp"
#include "hdf5/dataset_writer.hpp"
#include "hourglass/core/error.hpp"
#include "system/atomic_file.hpp"

namespace hourglass {
namespace {

constexpr std::size_t shown_samples = 5;
constexpr Index standard_odd_features = 3;

struct ScoreOptions {
  std::optional<DatasetAddress> output;
  double quantile = 0.99;
  GivenConditions fit_conditions;
  std::string fit;  ///< samples that the threshold comes from; "" for none
  ReadOptions fit_reading;
  std::vector<std::string> anomalies;  ///< labels: names of classes, or numbers
  Units units = Units::network;
  Index per_feature = 0;  ///< odd features of each sample; 0: none
  std::string table;      ///< CSV file of them; "" for none
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
  std::vector<std::string> names;        ///< of the features
  std::vector<OddFeatures> highest_odd;  ///< of `highest`, with --per-feature
  const InputTransform* transform = nullptr;
};

ScoreOptions read_score_options(const Arguments& arguments, const ModelArguments& given) {
  const Model& model = given.model;
  ScoreOptions options;
  if (arguments.has("output")) options.output = parse_address(arguments.get("output"));
  options.quantile = arguments.number("threshold-quantile", 0.99);
  if (options.quantile < 0 || options.quantile > 1) {
    throw Error(ErrorKind::usage, fmt::format("--threshold-quantile is {}, but 0 to 1 is expected",
                                              options.quantile));
  }
  options.units = units_from(arguments.get("units", "network"));
  options.per_feature =
      arguments.flag_or_integer("per-feature", standard_odd_features, 1, model.network->features());
  options.table = arguments.get("table");
  if (!options.table.empty()) {
    if (options.per_feature == 0)
      throw Error(ErrorKind::usage, "--table lists odd features: give --per-feature too");
    require_new(options.table);
  }
  options.fit = arguments.get("fit");
  options.fit_reading = for_other_rows(given.reading);
  options.fit_conditions = {arguments.get("fit-condition"), given.conditions.unknown};
  if (options.fit.empty() && arguments.has("threshold-quantile")) {
    const TrainConfig& run = model.config;
    options.fit = has_validation(run) ? validation_data(run) : run.data;
    options.fit_reading = has_validation(run) ? validation_reading(run) : training_reading(run);
    options.fit_conditions = {run.validation.empty() ? run.condition : run.validation_condition,
                              run.unknown_condition};
  }
  if (arguments.has("labels") && !arguments.has("anomaly-label")) {
    throw Error(ErrorKind::usage, "--labels needs --anomaly-label, the labels of anomalies");
  }
  if (!arguments.has("anomaly-label")) return options;
  options.anomalies = split_list(arguments.get("anomaly-label"));
  if (options.anomalies.empty()) throw Error(ErrorKind::usage, "--anomaly-label is empty");
  return options;
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
                  const SampleErrors& errors, const Report& report,
                  const std::vector<OddFeatures>& odd, const ScoreOptions& options,
                  const ModelArguments& given, const MatchedData& data,
                  std::span<const double> units, WorkerPool& pool) {
  const std::string& model = given.model.file.path;
  const std::string group = output.path == "/" ? "" : output.path;
  DatasetSpec scores{
      group + "/scores",
      {report.samples},
      ElementType::f64,
      0,
      0,
      {{"model", model}, {"score", meaning_of_scores(given.model, options.units == Units::data)}}};
  if (report.threshold) scores.texts["threshold"] = fmt::format("{}", *report.threshold);
  std::vector<DatasetSpec> specs = {scores};
  if (report.threshold)
    specs.push_back({group + "/anomalous", {report.samples}, ElementType::u8, 0, 0, {}});
  const Index columns = options.per_feature;
  if (columns > 0) {
    specs.push_back(
        {group + "/odd_features", {report.samples, columns}, ElementType::i64, 0, 0, {}});
  }
  const std::size_t odd_place = specs.size() - 1;
  if (is_windowed(*data.reader)) {
    specs.push_back({group + "/step_scores",
                     {data.reader->time_steps()},
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
  if (columns > 0) {
    std::vector<Index> features;
    for (const OddFeatures& sample : odd) {
      features.insert(features.end(), sample.features.begin(), sample.features.end());
      // A sample with missing values may have fewer.
      features.resize(features.size() + static_cast<std::size_t>(columns) - sample.features.size(),
                      -1);
    }
    writer.write_rows(odd_place, errors.rows, std::as_bytes(std::span(features)));
  }
  if (is_windowed(*data.reader))
    write_step_scores(world, given, data, units, pool, writer, specs.size() - 1);
  writer.commit();
}

void print_json(const Report& report) {
  nlohmann::ordered_json json;
  json["samples"] = report.samples;
  json["mean"] = report.mean;
  for (std::size_t i = 0; i < report.highest.size(); ++i) {
    const auto& [score, row] = report.highest[i];
    nlohmann::ordered_json sample = {{"row", row}, {"score", score}};
    if (!report.highest_odd.empty())
      sample["features"] = to_json(report.highest_odd[i], *report.transform, report.names);
    if (!report.highest_steps.empty()) sample["time_step"] = report.highest_steps[i];
    json["highest"].push_back(sample);
  }
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

void print_text(const Report& report, const ScoreOptions& options, const Model& model) {
  fmt::print("samples    {}\nmean score {}   {}\nhighest   ", report.samples,
             decimal_text(report.mean, 6), meaning_of_scores(model, options.units == Units::data));
  for (std::size_t i = 0; i < report.highest.size(); ++i) {
    const auto& [score, row] = report.highest[i];
    if (report.highest_steps.empty()) {
      fmt::print("  row {} ({})", row, decimal_text(score, 4));
    } else {
      fmt::print("  window {} from time step {} ({})", row, report.highest_steps[i],
                 decimal_text(score, 4));
    }
  }
  fmt::print("\n");
  for (const OddFeatures& odd : report.highest_odd)
    fmt::print("  row {}: {}\n", odd.row, describe(odd, *report.transform, report.names));
  if (report.threshold) {
    fmt::print("threshold  {}   the {} quantile of {}\nflagged    {}   score above the threshold\n",
               decimal_text(*report.threshold, 6), options.quantile, options.fit, report.flagged);
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

/// The odd features of this rank's samples.
std::vector<OddFeatures> all_odd(const Communicator& world, const ModelArguments& given,
                                 const MatchedData& data, Index count, WorkerPool& pool) {
  const InferencePlan plan{data.reader->info().rows(), given.micro_batch};
  std::vector<OddFeatures> odd;
  collectively(world, [&] {
    odd = odd_features(given.model, *data.reader, data.transform, given.micro_batch,
                       plan.of_rank(world.rank(), world.size()), count, pool);
  });
  return odd;
}

/// Those of the samples with the highest scores, on rank 0.
void find_highest_odd(const Communicator& world, const ModelArguments& given,
                      const MatchedData& data, Index count, WorkerPool& pool, Report& report) {
  collectively(world, [&] {
    if (!world.is_root()) return;
    for (const auto& [score, row] : report.highest) {
      const Index batch = row / given.micro_batch;
      auto odd = odd_features(given.model, *data.reader, data.transform, given.micro_batch,
                              {batch, batch + 1}, count, pool);
      report.highest_odd.push_back(
          std::move(odd[static_cast<std::size_t>(row - batch * given.micro_batch)]));
    }
  });
}

void write_table(const Communicator& world, const std::string& path,
                 const std::vector<OddFeatures>& odd, const SampleErrors& errors,
                 const Report& report) {
  const auto parts =
      world.all_gather(csv_lines(odd, errors.values, *report.transform, report.names));
  collectively(world, [&] {
    if (!world.is_root()) return;
    std::string text = csv_header();
    for (const std::string& part : parts) text += part;
    write_text_atomically(path, text);
  });
}

void run_score(const Arguments& arguments) {
  const auto world = Communicator::world();
  ModelArguments given = read_model_arguments(world, arguments);
  ScoreOptions options;
  collectively(world, [&] { options = read_score_options(arguments, given); });
  const MatchedData data = open_matched(world, given);
  std::vector<std::uint8_t> anomalies;
  collectively(world, [&] {
    if (!options.anomalies.empty())
      anomalies = find_anomalies(arguments, *data.reader, options.anomalies);
    if (options.output) {
      const std::string path =
          (options.output->path == "/" ? "" : options.output->path) + "/scores";
      check_output(options.output->file, std::span(&path, 1));
    }
  });
  WorkerPool pool(given.threads);
  Report report;
  report.samples = data.reader->info().rows();
  report.names = names_of_columns(given.model, data.reader->info());
  report.transform = &data.transform;
  std::vector<double> units;
  if (options.units == Units::data)
    units = original_units(data.transform, given.model.network->features());
  if (!options.fit.empty()) {
    const MatchedData fit = open_matched(world, options.fit, options.fit_reading, given.model,
                                         arguments.has("fit") ? given.scale : GivenScale{});
    std::vector<std::int32_t> others =
        sample_conditions(world, given.model, options.fit_conditions, fit.reader->info());
    std::swap(given.model.row_conditions, others);
    report.threshold = quantile(world,
                                sample_errors(world, given.model, *fit.reader, fit.transform,
                                              given.micro_batch, pool, units)
                                    .values,
                                options.quantile);
    std::swap(given.model.row_conditions, others);
  }
  const SampleErrors errors = sample_errors(world, given.model, *data.reader, data.transform,
                                            given.micro_batch, pool, units);
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
  if (is_windowed(*data.reader)) {
    for (const auto& entry : report.highest)
      report.highest_steps.push_back(data.reader->first_time_step(entry.second));
  }
  std::vector<OddFeatures> odd;
  if (options.per_feature > 0) {
    find_highest_odd(world, given, data, options.per_feature, pool, report);
    if (options.output || !options.table.empty())
      odd = all_odd(world, given, data, options.per_feature, pool);
  }
  if (options.output) {
    write_scores(world, *options.output, errors, report, odd, options, given, data, units, pool);
  }
  if (!options.table.empty()) write_table(world, options.table, odd, errors, report);
  if (!world.is_root()) return;
  if (options.output && !arguments.flag("json")) {
    fmt::print("{}:{}/scores holds {}\n", options.output->file,
               options.output->path == "/" ? "" : options.output->path, report.samples);
  }
  arguments.flag("json") ? print_json(report) : print_text(report, options, given.model);
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
  options.push_back(
      {"fit-condition", "threshold", "As --condition, of the samples of --fit", "", false});
  options.push_back(
      {"anomaly-label", "labels",
       "Labels of anomalies, comma-separated numbers or names of classes: report AUROC and "
       "average precision",
       "", false});
  options.push_back({"labels", "labels", "Labels of the samples: FILE.h5:/path",
                     "labels beside the samples", false});
  options.push_back(
      {"units", "output",
       "Units of the scores: network (normalised; of counts nats) or data (as stored)", "network",
       false});
  options.push_back({"per-feature", "output",
                     fmt::format("Name the K features that make a sample odd, {} without a number; "
                                 "with --output also <group>/odd_features (N x K int64)",
                                 standard_odd_features),
                     "", true});
  options.push_back(
      {"table", "output",
       "CSV file to write: row, score, rank, feature, value and reconstruction of each "
       "sample's odd features, in the units of the data",
       "", false});
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
