#include "run/model_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "config/sample_reading.hpp"
#include "config/settings.hpp"
#include "data/paired_samples.hpp"
#include "hourglass/core/error.hpp"
#include "model/sample_grid.hpp"
#include "run/count_settings.hpp"
#include "run/feature_weights.hpp"
#include "run/run_folder.hpp"
#include "run/table_columns.hpp"

namespace hourglass {

namespace {

constexpr const char* conditions_text_name = "conditions";
constexpr const char* target_text_name = "target_features";
constexpr const char* divisor_path = "/model/input/divisor";
constexpr const char* mean_path = "/model/input/mean";
constexpr const char* missing_means_path = "/model/input/missing_means";
constexpr const char* inverse_deviation_path = "/model/input/inverse_deviation";

std::vector<float> to_floats(const StateHeader& header, const char* path) {
  const auto found = header.doubles.find(path);
  if (found == header.doubles.end()) return {};
  return {found->second.begin(), found->second.end()};
}

}  // namespace

void store_transform(const InputTransform& transform, StateHeader& header) {
  header.doubles[divisor_path] = {transform.divisor};
  store_missing_means(transform.missing.means, header);
  if (transform.mean.empty()) return;
  if (transform.exact_mean.empty()) {
    header.doubles[mean_path] = {transform.mean.begin(), transform.mean.end()};
  } else {
    header.doubles[mean_path] = transform.exact_mean;
  }
  header.doubles[inverse_deviation_path] = {transform.inverse_deviation.begin(),
                                            transform.inverse_deviation.end()};
}

void store_conditions(const std::vector<Condition>& conditions, StateHeader& header) {
  if (!conditions.empty()) header.texts[conditions_text_name] = conditions_text(conditions);
}

void store_target(Index target_features, StateHeader& header) {
  if (target_features > 0) header.texts[target_text_name] = std::to_string(target_features);
}

void store_missing_means(const std::vector<float>& means, StateHeader& header) {
  if (!means.empty()) header.doubles[missing_means_path] = {means.begin(), means.end()};
}

std::vector<float> load_missing_means(const StateHeader& header) {
  return to_floats(header, missing_means_path);
}

InputTransform load_transform(const StateHeader& header, const TrainConfig& config) {
  InputTransform transform;
  const auto divisor = header.doubles.find(divisor_path);
  if (divisor != header.doubles.end() && divisor->second.size() == 1)
    transform.divisor = divisor->second.front();
  transform.mean = to_floats(header, mean_path);
  // Numbers that single precision does not hold are there for their digits: until 0.1 there are
  // none.
  if (!transform.mean.empty()) {
    const std::vector<double>& stored = header.doubles.at(mean_path);
    const bool rounded = std::ranges::any_of(
        stored, [](double x) { return static_cast<double>(static_cast<float>(x)) != x; });
    if (rounded) transform.exact_mean = stored;
  }
  transform.inverse_deviation = to_floats(header, inverse_deviation_path);
  transform.counts = takes_counts(config);
  transform.missing = missing_values(config);
  if (transform.missing.treatment == Missing::mean)
    transform.missing.means = load_missing_means(header);
  return transform;
}

void check_tensors(const StateFile& file, const Layout& layout) {
  const auto& wanted = layout.tensors();
  for (std::size_t t = 0; t < wanted.size(); ++t) {
    if (t >= file.parameters.size() || file.parameters[t].name != wanted[t].name ||
        file.parameters[t].shape != wanted[t].shape ||
        file.parameters[t].offset != wanted[t].offset) {
      throw Error(ErrorKind::data,
                  fmt::format("{}: tensor {} does not match the file's configuration", file.path,
                              wanted[t].name));
    }
  }
  if (file.parameters.size() != wanted.size()) {
    throw Error(ErrorKind::data,
                fmt::format("{}: has more tensors than its configuration defines", file.path));
  }
}

namespace {

// A run folder, a run that has not written its model yet and a misspelt name are given now and
// then.
void require_model(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const bool is_folder = fs::is_directory(path, ignored);
  if (!is_folder && fs::exists(path, ignored)) return;
  const fs::path parent = fs::path(path).parent_path();
  const RunFolder run(is_folder ? path : parent.empty() ? "." : parent.string());
  const std::string problem = is_folder ? "is a folder" : "no such file";
  if (fs::exists(run.model_path(), ignored)) {
    throw Error(ErrorKind::io,
                fmt::format("{}: {}; did you mean {}?", path, problem, run.model_path()));
  }
  const auto checkpoints = run.checkpoints();
  if (!checkpoints.empty()) {
    throw Error(ErrorKind::io, fmt::format("{}: {}; the run is not finished: continue it with "
                                           "train --resume, or name its newest checkpoint: {}",
                                           path, problem, checkpoints.front()));
  }
  if (is_folder)
    throw Error(ErrorKind::io,
                fmt::format("{}: is a folder; name a model or checkpoint file", path));
}

}  // namespace

Index Model::leading_channels() const { return hourglass::leading_channels(config); }

InputTransform Model::outputs_of(const MatchedData& data) const {
  if (!has_target()) return data.transform;
  if (data.reader->info().features() == network->features()) return target_transform;
  return part_of(data.transform, {network->features(), network->sample_width()});
}

ImageShape Model::grid() const { return grid_of(config.model); }

namespace {

Index load_target(const StateHeader& header, const std::string& path) {
  const auto found = header.texts.find(target_text_name);
  if (found == header.texts.end()) return 0;
  Index width = 0;
  const std::string& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), width);
  if (error != std::errc{} || end != text.data() + text.size() || width < 1) {
    throw Error(ErrorKind::data, fmt::format("{}: corrupted: {} is '{}'; use another copy", path,
                                             target_text_name, text.substr(0, 40)));
  }
  return width;
}

// What is known of samples with targets becomes that of either part.
void divide_pair(Model& model) {
  if (!model.has_target()) return;
  const Index inputs = model.network->features();
  model.pair_transform = model.transform;
  model.transform = part_of(model.pair_transform, {0, inputs});
  model.target_transform = part_of(model.pair_transform, {inputs, model.network->sample_width()});
  model.pair_identity = model.identity;
  if (model.identity) model.identity = input_identity(*model.identity, inputs);
}

}  // namespace

Model load_model(const std::string& path, bool takes_conditions) {
  require_model(path);
  Model model;
  model.file = read_state_file(path);
  apply_text(model.file.header.configuration, path, model.config);
  model.config.model.feature_weights = load_feature_weights(model.file.header);
  if (model.config.model.missing == Missing::mask)
    model.config.model.missing_means = load_missing_means(model.file.header);
  load_columns(model.file.header, path, model.config);
  if (const auto text = model.file.header.texts.find(conditions_text_name);
      text != model.file.header.texts.end()) {
    model.config.model.conditions = conditions_from(text->second, path);
    if (!takes_conditions) {
      throw Error(ErrorKind::usage,
                  fmt::format("{}: the model has conditions of its samples, known to encode, "
                              "reconstruct, report, score, evaluate, probe and sample only",
                              path));
    }
  }
  load_library(model.file.header, path, model.config.model);
  model.config.model.target_features = load_target(model.file.header, path);
  model.network = std::make_unique<Autoencoder>(model.config.model);
  check_tensors(model.file, model.network->layout());
  model.transform = load_transform(model.file.header, model.config);
  model.identity = load_identity(model.file.header.texts, path);
  const auto features = static_cast<std::size_t>(model.network->sample_width());
  if (!model.transform.mean.empty() && (model.transform.mean.size() != features ||
                                        model.transform.inverse_deviation.size() != features)) {
    throw Error(ErrorKind::data,
                fmt::format("{}: the stored mean does not have one value per feature", path));
  }
  const auto& means = model.transform.missing.means;
  if (!means.empty() && means.size() != features) {
    throw Error(
        ErrorKind::data,
        fmt::format("{}: the stored means of missing elements are not one per feature", path));
  }
  divide_pair(model);
  model.parameters = Buffer<float>(model.network->layout().size());
  read_arena(model.file, "/model", model.parameters.span());
  return model;
}

void mask_missing(Model& model) {
  AutoencoderSpec& spec = model.config.model;
  if (spec.missing == Missing::mask) return;
  if (spec.missing == Missing::refuse) {
    throw Error(ErrorKind::usage,
                fmt::format("--only-missing: {} was trained with --missing refuse and takes "
                            "complete samples only; train with --missing mask",
                            model.file.path));
  }
  spec.missing = Missing::mask;
  spec.missing_means = model.transform.missing.means;
  model.network = std::make_unique<Autoencoder>(spec);
  model.transform.missing.treatment = Missing::mask;
}

}  // namespace hourglass
