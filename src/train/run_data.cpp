#include "train/run_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "config/data_reading.hpp"
#include "core/text_digest.hpp"
#include "data/columns_of.hpp"
#include "data/feature_advice.hpp"
#include "data/paired_samples.hpp"
#include "data/sample_conditions.hpp"
#include "data/sample_weights.hpp"
#include "data/statistics.hpp"
#include "data/transformed_statistics.hpp"
#include "engine/inference.hpp"
#include "engine/sample_layout.hpp"
#include "engine/training_data.hpp"
#include "run/effective_config.hpp"

namespace hourglass {

namespace {

std::vector<std::string> notes_on(const FeatureStatistics& statistics, Index rows) {
  const double elements = static_cast<double>(rows) * static_cast<double>(statistics.count.size());
  double there = 0;
  for (const Index count : statistics.count) there += static_cast<double>(count);
  std::vector<std::string> notes = {
      fmt::format("missing: {:.3g} % of the elements", 100 * (1 - there / elements))};
  const auto empty = std::ranges::count(statistics.count, 0);
  if (empty > 0) {
    notes.push_back(fmt::format(
        "advice: {} of {} features are missing in every sample (the first: {}): the network is fed "
        "0 for them and learns nothing about them; leave them out of the data (--select-columns), "
        "unless they have no values by nature, as land in a map of the sea",
        empty, statistics.count.size(),
        std::ranges::find(statistics.count, 0) - statistics.count.begin()));
  }
  return notes;
}

// The fingerprint of the data and of what belongs to them.
std::string with_bytes(const std::string& fingerprint, std::span<const std::byte> bytes) {
  if (bytes.empty()) return fingerprint;
  return text_digest(fingerprint +
                     std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

DatasetAddress parse_target(const TrainConfig& config, const DatasetAddress& inputs) {
  DatasetAddress target = parse_address(config.target);
  target.options.allow_external = inputs.options.allow_external;
  return target;
}

// Of pairs the targets stand behind the inputs.
Index first_output(const TrainConfig& config, const FeatureStatistics& statistics) {
  const Index targets = config.model.target_features;
  return targets > 0 ? static_cast<Index>(statistics.mean.size()) - targets : 0;
}

}  // namespace

RunData::RunData(const Communicator& communicator, const TrainConfig& config)
    : communicator_(communicator),
      training_(open_everywhere(communicator, config.data, training_reading(config))) {
  // The data themselves may tell that their channels are first.
  const ReadOptions told = training_reading(with_sample_layout(config, training_->info()));
  if (told.leading_channels != training_->info().address.options.leading_channels)
    training_ = open_everywhere(communicator, config.data, told);
}

TrainConfig RunData::completed(const TrainConfig& config) {
  return effective_config(communicator_, config, *training_, &statistics_);
}

void RunData::prepare(const TrainConfig& config, Index features) {
  std::unique_ptr<DatasetReader> validation;
  if (has_validation(config)) {
    validation =
        open_everywhere(communicator_, validation_data(config), validation_reading(config));
  }
  collectively(communicator_, [&] {
    if (validation) check_columns(validation->info(), config.columns, config.data);
  });
  identity_ = identity_of(training_->info(), config.normalize);
  if (identity_.sample_shape.size() == 1 && config.model.image.known()) {
    const ImageShape& image = config.model.image;
    identity_.sample_shape = image.spatial();
    identity_.sample_shape.push_back(image.channels);
  }
  if (config.model.target_features > 0) {
    identity_.sample_shape = {training_->info().features()};
    identity_.feature_names.clear();
  }
  collectively(communicator_, [&] {
    read_weights(config, validation.get());
    read_conditions(config, validation.get());
  });
  FeatureStatistics statistics = std::move(statistics_);
  transform_ = measured_transform(config, &statistics);
  if (config.model.missing != Missing::refuse) {
    if (statistics.count.empty())
      statistics = feature_statistics(communicator_, *training_, missing_values(config));
    training_notes_ = notes_on(statistics, training_->info().rows());
  }
  transform_.counts = takes_counts(config);
  training_notes_.insert(training_notes_.end(), config.count_notes.begin(),
                         config.count_notes.end());
  // Counts were checked when their library was measured.
  if (!transform_.counts) {
    const Index targets = config.model.target_features;
    check_domain(communicator_, *training_, transform_, config.model.loss,
                 targets > 0 ? training_->info().features() - targets : 0);
  }
  collectively(communicator_, [&] {
    if (!communicator_.is_root()) return;
    fingerprint_ = hourglass::fingerprint(*training_, &identity_.range, config.missing_values);
    // Other weights or conditions make another run.
    fingerprint_ = with_bytes(fingerprint_, std::as_bytes(std::span(weights_)));
    fingerprint_ = with_bytes(fingerprint_, std::as_bytes(std::span(conditions_)));
    if (validation) validation_fingerprint_ = hourglass::fingerprint(*validation);
    look_for_odd_values(statistics, config.missing_values);
  });
  communicator_.broadcast(std::as_writable_bytes(std::span(&identity_.range, 1)));
  for (std::string* text : {&fingerprint_, &validation_fingerprint_})
    *text = communicator_.broadcast(*text);
  measure_spread(config);
  training_->release();
  if (!validation) return;
  GivenScale scale{std::nullopt, "--validation-scale"};
  if (config.validation_scale > 0) scale.factor = config.validation_scale;
  validation_ =
      match_data(communicator_, std::move(validation), {features, &transform_, identity_}, scale);
  collectively(communicator_, [&] {
    if (communicator_.is_root()) look_for_unfamiliar_values(statistics);
  });
  if (has_sparse_code(config.model)) {
    const FeatureStatistics sample = feature_statistics(communicator_, *validation_.reader,
                                                        validation_.transform.missing, enough_rows);
    validation_variance_ =
        total_variance(sample, validation_.transform, first_output(config, sample));
  }
  validation_.reader->release();
}

void RunData::measure_spread(const TrainConfig& config) {
  if (!has_sparse_code(config.model) && config.model.dictionary.pre_bias == PreBias::none) return;
  const FeatureStatistics sample =
      feature_statistics(communicator_, *training_, transform_.missing, enough_rows);
  variance_ = total_variance(sample, transform_, first_output(config, sample));
  centre_ = transformed_mean(sample, transform_);
  if (variance_ > 0 || !has_sparse_code(config.model)) return;
  advice_.push_back(fmt::format(
      "advice: the samples of {} looked at are all equal (variance 0): there is nothing "
      "to learn, and no fraction of variance (fvu); check --data",
      to_string(training_->info().address)));
}

std::string RunData::fingerprint_of_first(Index rows, const TrainConfig& config) const {
  std::string result;
  collectively(communicator_, [&] {
    if (!communicator_.is_root()) return;
    result = hourglass::fingerprint(*training_, nullptr, config.missing_values, rows);
    const std::size_t conditions = static_cast<std::size_t>(rows) * config.model.conditions.size();
    result = with_bytes(
        result, std::as_bytes(std::span(conditions_).first(conditions_.empty() ? 0 : conditions)));
    training_->release();
  });
  return communicator_.broadcast(result);
}

// Of pairs, each part by its own settings.
InputTransform RunData::measured_transform(const TrainConfig& config,
                                           FeatureStatistics* statistics) const {
  const auto measured = [&](Normalize normalize) {
    return input_transform(communicator_, *training_, normalize, missing_values(config), statistics,
                           weights_);
  };
  if (config.model.target_features == 0) return measured(config.normalize);
  PartNormalization input{config.normalize};
  PartNormalization target{
      config.target_normalize == Normalize::automatic ? config.normalize : config.target_normalize};
  collectively(communicator_, [&] {
    DatasetAddress inputs = training_->info().address;
    inputs.options.target.clear();
    input.type = DatasetReader(inputs).info().type;
    target.type = DatasetReader(parse_target(config, inputs)).info().type;
  });
  target.features = config.model.target_features;
  input.features = training_->info().features() - target.features;
  const bool any = resolve(input.normalize, input.type) == Normalize::standardize ||
                   resolve(target.normalize, target.type) == Normalize::standardize;
  return paired_transform(input, target, measured(any ? Normalize::standardize : Normalize::none));
}

void RunData::set_transform(InputTransform transform) {
  transform_ = std::move(transform);
  if (validation_.reader) validation_.transform = matched_transform(transform_, validation_.values);
}

void RunData::look_for_odd_values(const FeatureStatistics& statistics,
                                  const std::vector<double>& missing) {
  const auto add = [&](const std::optional<std::string>& line) {
    if (line) advice_.push_back(*line);
  };
  if (!transform_.mean.empty()) add(constant_feature_advice(statistics));
  const RowSample sample(*training_);
  add(fill_value_advice(*training_, sample, missing));
  correlation_ = row_correlation(*training_, sample, transform_);
}

void RunData::look_for_unfamiliar_values(const FeatureStatistics& statistics) {
  const DatasetReader& reader = *validation_.reader;
  const auto line = unfamiliar_feature_advice(
      reader, RowSample(reader), validation_.transform,
      validation_.values.multiply == validation_.values.divide ? &statistics : nullptr);
  if (line) advice_.push_back(*line);
}

// Of the validation samples too where those are rows of the same data set.
void RunData::read_weights(const TrainConfig& config, const DatasetReader* validation) {
  if (config.sample_weights.empty()) return;
  weights_ = read_sample_weights(config.sample_weights, training_->info());
  if (validation != nullptr && config.validation.empty())
    validation_weights_ = read_sample_weights(config.sample_weights, validation->info());
}

void RunData::read_conditions(const TrainConfig& config, const DatasetReader* validation) {
  if (config.condition.empty()) return;
  const auto read = [&](const std::string& addresses, const DatasetReader& reader) {
    return hourglass::read_conditions(addresses, reader.info(), config.model.conditions,
                                      config.unknown_condition);
  };
  conditions_ = read(config.condition, *training_);
  if (validation == nullptr) return;
  validation_conditions_ =
      read(config.validation.empty() ? config.condition : config.validation_condition, *validation);
}

std::unique_ptr<SampleSource> RunData::open_source(const Communicator& sharing,
                                                   const ShardPlan& plan,
                                                   const TrainConfig& config) const {
  const Range shards = plan.shards_of_rank(sharing.rank(), sharing.size());
  auto source = open_training_data(communicator_, *training_,
                                   {plan,
                                    shards,
                                    {config.seed, config.shuffle_block, config.shuffle_window},
                                    transform_,
                                    weights_,
                                    conditions_},
                                   memory_budget(communicator_, config.memory));
  training_->release();
  return source;
}

}  // namespace hourglass
