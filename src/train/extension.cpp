#include "train/extension.hpp"

#include <fmt/format.h>

#include <charconv>

#include "core/condition.hpp"
#include "hourglass/core/error.hpp"
#include "run/count_settings.hpp"
#include "run/feature_weights.hpp"
#include "run/model_file.hpp"

namespace hourglass {

namespace {

constexpr const char* samples_text = "data_samples";

}  // namespace

TrainConfig with_facts_of(TrainConfig config, const StateHeader& header, const std::string& path) {
  AutoencoderSpec& model = config.model;
  if (const auto conditions = header.texts.find("conditions"); conditions != header.texts.end())
    model.conditions = conditions_from(conditions->second, path);
  if (model.missing == Missing::mask) model.missing_means = load_missing_means(header);
  model.feature_weights = load_feature_weights(header);
  load_library(header, path, model);
  return config;
}

Index samples_of(const StateFile& file, const TrainConfig& config, const RunState& state) {
  const auto refuse = [&](const std::string& reason) {
    throw Error(ErrorKind::usage,
                fmt::format("cannot extend the run of {}: {}", file.path, reason));
  };
  if (is_full_batch(config))
    refuse("--optimizer lbfgs minimizes one function of all samples, which new ones would change");
  if (!config.sample_weights.empty())
    refuse("--sample-weights scales the weights of all samples to a mean of 1");
  if (const auto stored = file.header.texts.find(samples_text); stored != file.header.texts.end()) {
    Index samples = 0;
    const std::string& text = stored->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), samples);
    if (error != std::errc{} || end != text.data() + text.size() || samples < 1) {
      throw Error(ErrorKind::data, fmt::format("{}: corrupted: {} is '{}'; use another copy",
                                               file.path, samples_text, text.substr(0, 40)));
    }
    return samples;
  }
  // Every completed epoch, of pretraining too, has passed through all samples once.
  const Position& position = state.position;
  Index epochs = 0;
  for (const char* series : {"/history/epoch", "/history/pretraining/epoch"}) {
    const auto found = file.header.doubles.find(series);
    if (found != file.header.doubles.end()) epochs += static_cast<Index>(found->second.size());
  }
  if (epochs == 0) refuse("it has not completed an epoch on the samples that it began with");
  return (position.samples - state.sums.samples) / epochs;
}

bool extend_run(const Communicator& communicator, const StateFile& file, const TrainConfig& config,
                const RunData& data, Index before, RunState& state) {
  const Index now = data.training().info().rows();
  const std::string fingerprint =
      now < before ? std::string() : data.fingerprint_of_first(before, config);
  collectively(communicator, [&] {
    const auto stored = file.header.texts.find("data_fingerprint");
    if (stored != file.header.texts.end() && stored->second == fingerprint) return;
    throw Error(ErrorKind::usage,
                fmt::format("cannot extend with --data {}: its first {} samples are not those that "
                            "{} was trained on",
                            config.data, before, file.path));
  });
  if (now == before) return false;
  state.position.step_in_epoch = 0;
  state.sums = {};
  return true;
}

void store_samples(Index samples, StateHeader& header) {
  header.texts[samples_text] = std::to_string(samples);
}

bool has_samples(const StateHeader& header) { return header.texts.contains(samples_text); }

}  // namespace hourglass
