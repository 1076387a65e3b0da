#include "hourglass/run/trained_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <functional>
#include <mutex>
#include <utility>

#include "config/data_reading.hpp"
#include "config/sample_reading.hpp"
#include "data/finite_rows.hpp"
#include "data/normalization.hpp"
#include "data/value_match.hpp"
#include "engine/inference.hpp"
#include "engine/matched_data.hpp"
#include "engine/worker_pool.hpp"
#include "hourglass/core/error.hpp"
#include "math/blas.hpp"
#include "math/squared_distance.hpp"
#include "nn/network.hpp"
#include "run/model_file.hpp"
#include "run/sample_rows.hpp"

namespace hourglass {

namespace {

void check_matrix(ConstMatrix matrix, Index columns, const char* what,
                  const MissingValues& missing = {}) {
  if (matrix.columns != columns) {
    throw Error(ErrorKind::data, fmt::format("the {} have {} columns, but the model takes {}", what,
                                             matrix.columns, columns));
  }
  for (Index r = 0; r < matrix.rows; ++r)
    check_rows(ElementType::f32, std::as_bytes(matrix.row(r)), columns, what, missing, r);
}

Index micro_batch_of(const Model& model, const InferenceSettings& settings) {
  if (settings.threads < 1 || settings.micro_batch < 0) {
    throw Error(ErrorKind::usage,
                fmt::format("{} threads and micro-batches of {} samples are impossible",
                            settings.threads, settings.micro_batch));
  }
  return settings.micro_batch > 0 ? settings.micro_batch : model.config.micro_batch;
}

// The conversion of these samples, once their values have been compared with those of the training.
InputTransform transform_of(const Model& model, ConstMatrix samples,
                            const InferenceSettings& settings) {
  ValueMatch match;
  if (settings.data_scale < 0 || !std::isfinite(settings.data_scale)) {
    throw Error(ErrorKind::usage, fmt::format("InferenceSettings::data_scale is {}, which is no "
                                              "factor",
                                              settings.data_scale));
  }
  if (settings.data_scale > 0) {
    match.multiply = settings.data_scale;
  } else if (model.identity && model.identity->range.known()) {
    ValueRange range;
    for (Index r = 0; r < samples.rows; ++r)
      range.add(ElementType::f32, std::as_bytes(samples.row(r)), model.transform.missing.values);
    match = match_values(*model.identity, ElementType::f32, range,
                         {"the samples", "InferenceSettings::data_scale"});
  }
  return matched_transform(model.transform, match);
}

void normalize_rows(const Model& model, const InputTransform& transform, ConstMatrix samples,
                    Range rows, Matrix x) {
  std::vector<float> ordered(static_cast<std::size_t>(samples.columns));
  for (Index r = rows.begin; r < rows.end; ++r) {
    normalize_row(model, transform, ElementType::f32, std::as_bytes(samples.row(r)), r,
                  std::as_writable_bytes(std::span(ordered)), x.row(r - rows.begin));
  }
}

// Categories of `rows` samples, of `conditions` in their order, as Workspace::set_conditions()
// takes them. What is not named is as in `others`, or unknown. Empty for models without conditions.
std::vector<std::int32_t> category_table(const Model& model, Index rows,
                                         const SampleConditions& given,
                                         std::vector<std::int32_t> others = {}) {
  const std::vector<Condition>& conditions = model.config.model.conditions;
  for (const auto& [name, categories] : given) {
    if (std::ranges::find(conditions, name, &Condition::name) == conditions.end()) {
      throw Error(ErrorKind::usage,
                  fmt::format("{}: the model has no condition {}", model.file.path, name));
    }
    if (categories.size() != 1 && static_cast<Index>(categories.size()) != rows) {
      throw Error(ErrorKind::usage, fmt::format("condition {}: {} categories of {} rows", name,
                                                categories.size(), rows));
    }
  }
  const std::size_t width = conditions.size();
  if (others.empty()) others.assign(width * static_cast<std::size_t>(rows), -1);
  std::int32_t before = 0;  // categories of other conditions
  for (std::size_t c = 0; c < width; ++c) {
    const std::vector<std::string>& known = conditions[c].categories;
    const auto found = given.find(conditions[c].name);
    for (std::size_t r = 0; found != given.end() && r < static_cast<std::size_t>(rows); ++r) {
      const std::vector<std::string>& categories = found->second;
      const std::string& category = categories[categories.size() == 1 ? 0 : r];
      const auto place = std::ranges::find(known, category);
      if (place == known.end() && !category.empty()) {
        throw Error(ErrorKind::data, fmt::format("row {} has the category '{}' of {}, which the "
                                                 "model has not seen",
                                                 r, category, conditions[c].name));
      }
      others[r * width + c] =
          category.empty() ? -1 : before + static_cast<std::int32_t>(place - known.begin());
    }
    before += static_cast<std::int32_t>(known.size());
  }
  return others;
}

// Calls visit(rows, x, workspace) for every micro-batch of that many rows, on the workers of a pool
// of its own, once fill(rows, x) has been. As the commands do, a short one is filled up with rows
// of zeros, of which what comes is not used.
void for_each_part(const Model& model, Index rows, Index columns, const InferenceSettings& settings,
                   const std::function<void(Range, Matrix)>& fill,
                   const std::function<void(Range, ConstMatrix, Workspace&)>& visit) {
  const InferencePlan plan{rows, micro_batch_of(model, settings)};
  const std::vector<std::int32_t> categories = category_table(model, rows, settings.conditions);
  if (rows == 0) return;
  WorkerPool pool(std::min(settings.threads, plan.micro_batches()));
  std::atomic<Index> next{0};
  std::mutex failure_mutex;
  std::exception_ptr failure;
  pool.run([&](Index) {
    try {
      Workspace workspace = model.network->make_workspace(plan.micro_batch);
      OwnedMatrix x(plan.micro_batch, columns);
      for (Index index = next++; index < plan.micro_batches(); index = next++) {
        const Range part = plan.rows_of(index);
        workspace.set_conditions(conditions_of(categories, rows, part));
        fill(part, x.view());
        std::ranges::fill(x.values().subspan(static_cast<std::size_t>(part.size() * columns)),
                          0.0F);
        visit(part, x, workspace);
      }
    } catch (...) {
      const std::lock_guard lock(failure_mutex);
      if (!failure) failure = std::current_exception();
      next = plan.micro_batches();
    }
  });
  if (failure) std::rethrow_exception(failure);
}

// The same of normalised samples: visit(rows, x, workspace).
void for_each_normalized(const Model& model, ConstMatrix samples, const InferenceSettings& settings,
                         const std::function<void(Range, ConstMatrix, Workspace&)>& visit) {
  check_matrix(samples, model.network->features(), "samples", model.transform.missing);
  const InputTransform transform = transform_of(model, samples, settings);
  for_each_part(
      model, samples.rows, samples.columns, settings,
      [&](Range rows, Matrix x) { normalize_rows(model, transform, samples, rows, x); }, visit);
}

void copy_rows(ConstMatrix from, Range rows, OwnedMatrix& to) {
  for (Index r = 0; r < rows.size(); ++r)
    std::ranges::copy(from.row(r), to.view().row(rows.begin + r).begin());
}

// Outputs of the network, in the order of the data.
void copy_outputs(const Model& model, ConstMatrix from, Range rows, OwnedMatrix& to) {
  for (Index r = 0; r < rows.size(); ++r)
    restore_row(model, from.row(r), to.view().row(rows.begin + r));
}

}  // namespace

TrainedModel::TrainedModel(std::shared_ptr<const Model> model) : model_(std::move(model)) {}

TrainedModel TrainedModel::load(const std::string& path) {
  use_single_threaded_blas();
  return TrainedModel(std::make_shared<const Model>(load_model(path, true)));
}

Index TrainedModel::features() const { return model_->network->features(); }

Index TrainedModel::code_size() const { return model_->network->code_size(); }

Index TrainedModel::parameter_count() const { return model_->network->layout().parameter_count(); }

TrainingSettings TrainedModel::settings() const { return TrainingSettings(model_->config); }

std::vector<EpochRecord> TrainedModel::history() const {
  const auto& doubles = model_->file.header.doubles;
  const auto value = [&](const char* name, std::size_t i) {
    const auto found = doubles.find(std::string("/history/") + name);
    return found == doubles.end() || i >= found->second.size() ? std::nan("") : found->second[i];
  };
  const auto epochs = doubles.find("/history/epoch");
  std::vector<EpochRecord> records(epochs == doubles.end() ? 0 : epochs->second.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    const double validation = value("validation_sse", i);
    records[i] = {static_cast<Index>(value("epoch", i)),
                  static_cast<Index>(value("step", i)),
                  value("loss", i),
                  value("sse", i),
                  std::isnan(validation) ? std::nullopt : std::optional(validation),
                  value("learning_rate", i)};
  }
  return records;
}

SampleConditions TrainedModel::conditions() const {
  SampleConditions conditions;
  for (const Condition& condition : model_->config.model.conditions)
    conditions[condition.name] = condition.categories;
  return conditions;
}

std::string TrainedModel::digest() const { return model_->file.weights_digest; }

OwnedMatrix TrainedModel::read_samples(const std::string& address) const {
  TrainConfig config = model_->config;
  config.reading = for_other_rows(config.reading);
  config.reading.allow_external = false;
  DatasetAddress place = parse_address(address);
  place.options = sample_reading(config);
  const MatchedData data = match_data(std::make_unique<DatasetReader>(place), model_->input());
  const DatasetInfo& info = data.reader->info();
  const MissingValues& missing = model_->transform.missing;
  InputTransform stored;
  stored.divisor = data.values.divide / data.values.multiply;
  if (missing.treatment != Missing::refuse) stored.missing = {Missing::mask, missing.values, {}};
  OwnedMatrix samples(info.rows(), features());
  const Index step = rows_a_read(info);
  std::vector<std::byte> bytes(
      static_cast<std::size_t>(std::min(step, info.rows()) * info.row_bytes()));
  for (Index begin = 0; begin < info.rows(); begin += step) {
    const Range part{begin, std::min(info.rows(), begin + step)};
    read_finite_rows(
        *data.reader, part,
        std::span(bytes).first(static_cast<std::size_t>(part.size() * info.row_bytes())), missing);
    OwnedMatrix rows(part.size(), features());
    for (Index r = 0; r < part.size(); ++r)
      convert_row(info.type, bytes.data() + r * info.row_bytes(), stored, rows.view().row(r));
    copy_outputs(*model_, rows, part, samples);
  }
  return samples;
}

OwnedMatrix TrainedModel::normalize(ConstMatrix samples, const InferenceSettings& settings) const {
  check_matrix(samples, features(), "samples", model_->transform.missing);
  OwnedMatrix x(samples.rows, samples.columns);
  const Range rows{0, samples.rows};
  normalize_rows(*model_, transform_of(*model_, samples, settings), samples, rows, x.view());
  if (stored_grid(*model_, sizeof(float)).channels == 1) return x;
  OwnedMatrix as_given(samples.rows, samples.columns);
  copy_outputs(*model_, x, rows, as_given);
  return as_given;
}

OwnedMatrix TrainedModel::encode(ConstMatrix samples, const InferenceSettings& settings) const {
  OwnedMatrix codes(samples.rows, code_size());
  for_each_normalized(
      *model_, samples, settings, [&](Range rows, ConstMatrix x, Workspace& workspace) {
        copy_rows(model_->network->encode(model_->parameters.data(), x, workspace), rows, codes);
      });
  return codes;
}

OwnedMatrix TrainedModel::decode(ConstMatrix codes, const InferenceSettings& settings) const {
  check_matrix(codes, code_size(), "codes");
  OwnedMatrix outputs(codes.rows, model_->network->outputs());
  for_each_part(
      *model_, codes.rows, codes.columns, settings,
      [&](Range rows, Matrix h) {
        for (Index r = 0; r < rows.size(); ++r)
          std::ranges::copy(codes.row(rows.begin + r), h.row(r).begin());
      },
      [&](Range rows, ConstMatrix h, Workspace& workspace) {
        copy_outputs(*model_, model_->network->decode(model_->parameters.data(), h, workspace),
                     rows, outputs);
      });
  return outputs;
}

OwnedMatrix TrainedModel::reconstruct(ConstMatrix samples,
                                      const InferenceSettings& settings) const {
  OwnedMatrix outputs(samples.rows, model_->network->outputs());
  std::vector<std::int32_t> decoder;
  if (!settings.decoder_conditions.empty()) {
    decoder = category_table(*model_, samples.rows, settings.decoder_conditions,
                             category_table(*model_, samples.rows, settings.conditions));
  }
  for_each_normalized(
      *model_, samples, settings, [&](Range rows, ConstMatrix x, Workspace& workspace) {
        const ConstMatrix y = model_->network->reconstruct(
            model_->parameters.data(), x, workspace, conditions_of(decoder, samples.rows, rows));
        copy_outputs(*model_, y, rows, outputs);
      });
  return outputs;
}

std::vector<double> TrainedModel::squared_errors(ConstMatrix samples,
                                                 const InferenceSettings& settings) const {
  if (model_->has_target()) {
    throw Error(ErrorKind::usage,
                "the model was trained with a target other than its input: "
                "compare its reconstructions with that");
  }
  std::vector<double> errors(static_cast<std::size_t>(samples.rows));
  for_each_normalized(
      *model_, samples, settings, [&](Range rows, ConstMatrix x, Workspace& workspace) {
        const ConstMatrix y = model_->network->reconstruct(model_->parameters.data(), x, workspace);
        for (Index r = 0; r < rows.size(); ++r) {
          const double error = present_squared_distance(y.row(r), x.row(r));
          if (!std::isfinite(error)) {
            throw Error(ErrorKind::data,
                        fmt::format("row {} of the samples: the model's reconstruction is not "
                                    "finite",
                                    rows.begin + r));
          }
          errors[static_cast<std::size_t>(rows.begin + r)] = error;
        }
      });
  return errors;
}

void TrainedModel::save(const std::string& path) const {
  StateHeader header = model_->file.header;
  header.position.clear();
  std::erase_if(header.doubles,
                [](const auto& entry) { return entry.first.starts_with("/position/"); });
  const StoredArena parameters{"/model",
                               model_->file.parameters,
                               {{0, model_->parameters.size()}},
                               {model_->parameters.data()}};
  write_state_file(Communicator::self(), path, header, std::span(&parameters, 1));
}

}  // namespace hourglass
