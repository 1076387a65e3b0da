#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <optional>

#include "analysis/anomaly.hpp"
#include "cli/anomaly_labels.hpp"
#include "cli/command.hpp"
#include "cli/feature_output.hpp"
#include "cli/model_arguments.hpp"
#include "cli/score_report.hpp"
#include "cli/unit_output.hpp"
#include "cli/window_output.hpp"
#include "config/data_reading.hpp"
#include "core/edit_distance.hpp"
#include "core/text_list.hpp"
#include "data/labels.hpp"
#include "data/original_units.hpp"
#include "engine/training_data.hpp"
#include "hdf5/dataset_writer.hpp"
#include "hdf5/row_numbers.hpp"
#include "hourglass/core/error.hpp"
#include "system/atomic_file.hpp"

namespace hourglass {
namespace {

constexpr std::size_t shown_samples = 5;
constexpr Index standard_odd_features = 3;
constexpr Index usual_top = 8;  // samples of a unit

struct ScoreOptions {
  std::optional<DatasetAddress> output;
  double quantile = 0.99;
  GivenConditions fit_conditions;
  std::string fit;  ///< samples that the threshold comes from; "" for none
  ReadOptions fit_reading;
  std::vector<std::string> anomalies;  ///< labels: names of classes, or numbers
  Units units = Units::network;
  Index per_feature = 0;   ///< odd features of each sample; 0: none
  std::string table;       ///< CSV file of them; "" for none
  std::string unit_table;  ///< CSV file of the code's units; "" for none
  Index top = 0;           ///< samples listed of each unit
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
      arguments.flag_or_integer("per-feature", standard_odd_features, 1, model.network->outputs());
  options.table = arguments.get("table");
  if (!options.table.empty()) {
    if (options.per_feature == 0)
      throw Error(ErrorKind::usage, "--table lists odd features: give --per-feature too");
    require_new(options.table);
  }
  options.unit_table = arguments.get("per-unit");
  options.top = arguments.integer("top", usual_top, 1);
  if (!options.unit_table.empty()) {
    require_new(options.unit_table);
  } else if (arguments.has("top")) {
    throw Error(ErrorKind::usage, "--top lists samples of each unit: give --per-unit FILE.csv too");
  }
  options.fit = arguments.get("fit");
  options.fit_reading = for_other_rows(given.reading);
  if (!options.fit.empty() && model.has_target()) {
    throw Error(ErrorKind::usage,
                "--fit names no targets, which a model trained with --target needs: give "
                "--threshold-quantile alone, for the data of the training");
  }
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
                  const SampleErrors& errors, const ScoreReport& report,
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
                      const MatchedData& data, Index count, WorkerPool& pool, ScoreReport& report) {
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
                 const ScoreReport& report) {
  const auto parts =
      world.all_gather(csv_lines(odd, errors.values, *report.transform, report.names));
  collectively(world, [&] {
    if (!world.is_root()) return;
    std::string text = csv_header();
    for (const std::string& part : parts) text += part;
    write_text_atomically(path, text);
  });
}

// Samples are named by their rows of --data; windows by their numbers and the rows they begin with.
void number_by_data(const Communicator& world, const DatasetReader& reader, ScoreReport& report,
                    std::vector<OddFeatures>& odd) {
  collectively(world, [&] {
    const RowNumbers numbers(reader);
    if (is_windowed(reader)) {
      for (const auto& entry : report.highest)
        report.highest_steps.push_back(numbers.of(entry.second));
      return;
    }
    for (auto& entry : report.highest) entry.second = numbers.of(entry.second);
    for (std::vector<OddFeatures>* const rows : {&report.highest_odd, &odd}) {
      for (OddFeatures& one : *rows) one.row = numbers.of(one.row);
    }
  });
}

void run_score(const Arguments& arguments) {
  const auto world = Communicator::world();
  ModelArguments given = read_model_arguments(world, arguments);
  ScoreOptions options;
  collectively(world, [&] {
    read_target(arguments, given.model, given.reading);
    options = read_score_options(arguments, given);
  });
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
  ScoreReport report;
  report.meaning = meaning_of_scores(given.model, options.units == Units::data);
  report.quantile = options.quantile;
  report.fit = options.fit;
  report.samples = data.reader->info().rows();
  report.names = names_of_columns(given.model, data.reader->info());
  const InputTransform outputs = given.model.outputs_of(data);
  report.transform = &outputs;
  std::vector<double> units;
  if (options.units == Units::data) units = original_units(outputs, given.model.network->outputs());
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
  std::vector<OddFeatures> odd;
  if (options.per_feature > 0) {
    find_highest_odd(world, given, data, options.per_feature, pool, report);
    if (options.output || !options.table.empty())
      odd = all_odd(world, given, data, options.per_feature, pool);
  }
  number_by_data(world, *data.reader, report, odd);
  if (options.output) {
    write_scores(world, *options.output, errors, report, odd, options, given, data, units, pool);
  }
  if (!options.table.empty()) write_table(world, options.table, odd, errors, report);
  if (!options.unit_table.empty()) {
    const UnitStudy study = study_units(world, given.model, *data.reader, data.transform,
                                        given.micro_batch, pool, options.top);
    collectively(world, [&] {
      if (!world.is_root()) return;
      const auto names = names_of_features(given.model, data.reader->info());
      write_text_atomically(options.unit_table, unit_table(study, given.model, outputs, names));
    });
  }
  if (!world.is_root()) return;
  if (options.output && !arguments.flag("json")) {
    fmt::print("{}:{}/scores holds {}\n", options.output->file,
               options.output->path == "/" ? "" : options.output->path, report.samples);
  }
  arguments.flag("json") ? print_json(report) : print_text(report);
}

}  // namespace

Command score_command() {
  std::vector<Option> options = model_options();
  options.push_back(target_option());
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
  options.push_back(
      {"per-unit", "output",
       "CSV file to write: of each unit of the code its use, the samples that use it most and the "
       "largest features of its atom, what it adds to the output",
       "", false});
  options.push_back({"top", "output", "Samples that --per-unit lists of each unit", "8", false});
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
