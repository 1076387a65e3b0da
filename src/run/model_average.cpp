#include "run/model_average.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "config/settings.hpp"
#include "core/buffer.hpp"
#include "hourglass/core/error.hpp"
#include "run/model_file.hpp"
#include "run/model_origin.hpp"
#include "run/version.hpp"

namespace hourglass {

namespace {

// Settings that decide what a model's weights mean.
constexpr const char* same_settings[] = {
    "layers",     "decoder-layers", "activation", "code-activation",   "output-activation",
    "loss",       "tied",           "layer-norm", "variational",       "k-sparse",
    "dispersion", "counts",         "missing",    "missing-indicator", "channels"};

void check_same(const Model& first, const Model& other) {
  const auto refuse = [&](const std::string& reason) {
    throw Error(ErrorKind::usage, fmt::format("cannot average {} and {}: {}", first.file.path,
                                              other.file.path, reason));
  };
  for (const char* name : same_settings) {
    const Setting& setting = find_setting(name);
    const std::string one = setting.get(first.config);
    const std::string two = setting.get(other.config);
    if (one != two) refuse(fmt::format("their --{} are '{}' and '{}'", name, one, two));
  }
  const AutoencoderSpec& spec = first.network->spec();
  const AutoencoderSpec& other_spec = other.network->spec();
  if (spec.conditions != other_spec.conditions) refuse("their conditions differ");
  const InputTransform& transform = first.transform;
  if (transform.divisor != other.transform.divisor || transform.mean != other.transform.mean ||
      transform.inverse_deviation != other.transform.inverse_deviation ||
      transform.missing.means != other.transform.missing.means ||
      spec.missing_means != other_spec.missing_means || spec.library != other_spec.library)
    refuse("their samples were normalized by other numbers");
  const auto names = [](const Model& model) {
    return model.identity ? model.identity->feature_names : std::vector<std::string>();
  };
  if (names(first) != names(other)) refuse("their features have other names");
  if (first.network->layout().size() != other.network->layout().size())
    refuse("they have different numbers of parameters");
}

}  // namespace

std::string write_average(const std::vector<AveragedModel>& models, const std::string& output) {
  double total = 0;
  for (const AveragedModel& model : models) {
    if (!(model.weight >= 0) || !std::isfinite(model.weight)) {
      throw Error(ErrorKind::usage, fmt::format("--weights: the weight of {} is {}, but numbers of "
                                                "at least 0 are expected",
                                                model.path, model.weight));
    }
    total += model.weight;
  }
  if (!(total > 0) || !std::isfinite(total))
    throw Error(ErrorKind::usage, "--weights: the sum of the weights is not above 0");
  Model first;
  Buffer<double> sum;
  std::string sources;
  for (std::size_t i = 0; i < models.size(); ++i) {
    Model model = load_model(model_file_of(models[i].path), true);
    sources += fmt::format("{}{} {} {}", i == 0 ? "" : "\n", models[i].weight / total,
                           model.file.weights_digest, model.file.path);
    if (i > 0) check_same(first, model);
    if (i == 0) sum = Buffer<double>(model.parameters.size());
    for (Index p = 0; p < sum.size(); ++p)
      sum[p] += models[i].weight * static_cast<double>(model.parameters[p]);
    if (i == 0) first = std::move(model);
  }
  for (Index p = 0; p < sum.size(); ++p) first.parameters[p] = static_cast<float>(sum[p] / total);
  StateHeader header = first.file.header;
  header.position.clear();
  std::erase_if(header.doubles, [](const auto& entry) {
    return entry.first.starts_with("/position/") || entry.first.starts_with("/history/");
  });
  header.texts["tool_version"] = version();
  header.texts["averaged"] = sources;
  const StoredArena arena{
      "/model", first.file.parameters, {{0, first.parameters.size()}}, {first.parameters.data()}};
  write_state_file(Communicator::self(), output, header, std::span(&arena, 1));
  return weights_digest(first.file.parameters, first.parameters.span());
}

}  // namespace hourglass
