#include "run/model_file.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "config/settings.hpp"
#include "hourglass/core/error.hpp"
#include "run/feature_weights.hpp"
#include "run/run_folder.hpp"
#include "run/table_columns.hpp"

namespace hourglass {

namespace {

constexpr const char* divisor_path = "/model/input/divisor";
constexpr const char* mean_path = "/model/input/mean";
constexpr const char* inverse_deviation_path = "/model/input/inverse_deviation";

std::vector<float> to_floats(const StateHeader& header, const char* path) {
  const auto found = header.doubles.find(path);
  if (found == header.doubles.end()) return {};
  return {found->second.begin(), found->second.end()};
}

}  // namespace

void store_transform(const InputTransform& transform, StateHeader& header) {
  header.doubles[divisor_path] = {transform.divisor};
  if (transform.mean.empty()) return;
  header.doubles[mean_path] = {transform.mean.begin(), transform.mean.end()};
  header.doubles[inverse_deviation_path] = {transform.inverse_deviation.begin(),
                                            transform.inverse_deviation.end()};
}

InputTransform load_transform(const StateHeader& header) {
  InputTransform transform;
  const auto divisor = header.doubles.find(divisor_path);
  if (divisor != header.doubles.end() && divisor->second.size() == 1)
    transform.divisor = divisor->second.front();
  transform.mean = to_floats(header, mean_path);
  transform.inverse_deviation = to_floats(header, inverse_deviation_path);
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

Model load_model(const std::string& path) {
  require_model(path);
  Model model;
  model.file = read_state_file(path);
  apply_text(model.file.header.configuration, path, model.config);
  model.config.model.feature_weights = load_feature_weights(model.file.header);
  load_columns(model.file.header, path, model.config);
  model.network = std::make_unique<Autoencoder>(model.config.model);
  check_tensors(model.file, model.network->layout());
  model.transform = load_transform(model.file.header);
  const auto features = static_cast<std::size_t>(model.network->features());
  if (!model.transform.mean.empty() && (model.transform.mean.size() != features ||
                                        model.transform.inverse_deviation.size() != features)) {
    throw Error(ErrorKind::data,
                fmt::format("{}: the stored mean does not have one value per feature", path));
  }
  model.parameters = Buffer<float>(model.network->layout().size());
  read_arena(model.file, "/model", model.parameters.span());
  return model;
}

}  // namespace hourglass
