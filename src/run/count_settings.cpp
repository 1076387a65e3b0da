#include "run/count_settings.hpp"

#include <fmt/format.h>

#include <cmath>

#include "data/count_statistics.hpp"
#include "hourglass/core/error.hpp"
#include "model/architecture.hpp"

namespace hourglass {

namespace {

constexpr const char* library_path = "/model/input/library";
constexpr const char* prior_path = "/model/input/library_prior";

// "3 of 150 samples have no counts (the first: row 5)", or nothing; likewise of features.
std::string empty_samples_text(const CountStatistics& statistics) {
  if (statistics.empty_samples.empty()) return {};
  return fmt::format("{} of {} samples have no counts (the first: row {})",
                     statistics.empty_samples.size(), statistics.samples,
                     statistics.empty_samples.front());
}

std::string empty_features_text(const CountStatistics& statistics, const DatasetInfo& info) {
  if (statistics.empty_features.empty()) return {};
  const auto first = static_cast<std::size_t>(statistics.empty_features.front());
  return fmt::format("{} of {} features have no counts in any sample (the first: {}{})",
                     statistics.empty_features.size(), info.features(), first,
                     first < info.feature_names.size() ? ", " + info.feature_names[first] : "");
}

void refuse_empty(const CountStatistics& statistics, const DatasetInfo& info) {
  const std::string samples = empty_samples_text(statistics);
  const std::string features = empty_features_text(statistics, info);
  if (samples.empty() && features.empty()) return;
  const auto left = info.features() - static_cast<Index>(statistics.empty_features.size());
  throw Error(
      ErrorKind::data,
      fmt::format("{}: {}{}{}: leave them out with --empty-counts drop{}, or keep them with "
                  "--empty-counts keep",
                  to_string(info.address), samples, samples.empty() || features.empty() ? "" : ", ",
                  features,
                  features.empty() ? "" : fmt::format(" (then --layers begins with {})", left)),
      Reach::everywhere);
}

std::vector<std::string> notes_on(const CountStatistics& statistics, const DatasetInfo& info,
                                  const TrainConfig& config) {
  std::vector<std::string> notes = config.count_notes;
  if (config.model.counts != Counts::none) {
    notes.push_back(fmt::format("counts: size factor 1 for a sum of {:.10g}{}",
                                config.model.library,
                                config.target_sum > 0 ? "" : ", the median of the samples"));
  }
  const bool latent = config.model.library_size == LibrarySize::latent;
  if (latent) {
    notes.push_back(fmt::format(
        "library: latent, the logarithm of the size factor has the prior N({:.4g}, {:.4g}^2)",
        config.model.library_prior.mean, config.model.library_prior.deviation));
  }
  if (const std::string samples = empty_samples_text(statistics); !samples.empty()) {
    const bool scaled = config.model.counts != Counts::none;
    notes.push_back(fmt::format("advice: {}{}", samples,
                                latent   ? ": the prior of the library leaves them out"
                                : scaled ? ": they have size factor 0 and teach nothing"
                                         : ""));
  }
  if (const std::string features = empty_features_text(statistics, info); !features.empty()) {
    notes.push_back(
        fmt::format("advice: {}: their means become the least possible; leave them out "
                    "of the data",
                    features));
  }
  return notes;
}

}  // namespace

TrainConfig with_counts(const Communicator& communicator, TrainConfig config,
                        const DatasetReader& data) {
  AutoencoderSpec& model = config.model;
  if (model.sparse_input == SparseInput::automatic) {
    // Standardized samples have no zeros.
    const bool stored = data.info().entries.known() &&
                        resolve(config.normalize, data.info().type) != Normalize::standardize;
    const bool wanted = model.counts != Counts::none || stored;
    const bool possible =
        sparse_input_obstacle(model).empty() && config.pretrain.kind == Pretrain::none;
    model.sparse_input = wanted && possible ? SparseInput::on : SparseInput::off;
  }
  if (!takes_counts(config)) return config;
  config.normalize = Normalize::none;
  const CountStatistics statistics = count_statistics(communicator, data);
  if (!(statistics.median_library > 0)) {
    throw Error(ErrorKind::data,
                fmt::format("{}: no sample has counts", to_string(data.info().address)),
                Reach::everywhere);
  }
  if (config.empty_counts == EmptyCounts::refuse) refuse_empty(statistics, data.info());
  if (model.counts != Counts::none)
    model.library = config.target_sum > 0 ? config.target_sum : statistics.median_library;
  if (model.library_size == LibrarySize::latent) {
    model.library_prior = {statistics.mean_log_library - std::log(model.library),
                           statistics.log_library_deviation};
  }
  config.count_notes = notes_on(statistics, data.info(), config);
  return config;
}

void store_library(const AutoencoderSpec& model, StateHeader& header) {
  if (model.counts != Counts::none) header.doubles[library_path] = {model.library};
  if (model.library_size == LibrarySize::latent)
    header.doubles[prior_path] = {model.library_prior.mean, model.library_prior.deviation};
}

void load_library(const StateHeader& header, const std::string& path, AutoencoderSpec& model) {
  if (model.counts == Counts::none) return;
  const auto found = header.doubles.find(library_path);
  if (found == header.doubles.end() || found->second.size() != 1 ||
      !(found->second.front() > 0 && std::isfinite(found->second.front()))) {
    throw Error(ErrorKind::data, path + ": does not hold the library of its size factors");
  }
  model.library = found->second.front();
  if (model.library_size != LibrarySize::latent) return;
  const auto prior = header.doubles.find(prior_path);
  if (prior == header.doubles.end() || prior->second.size() != 2 ||
      !std::isfinite(prior->second[0]) ||
      !(prior->second[1] >= 0 && std::isfinite(prior->second[1]))) {
    throw Error(ErrorKind::data, path + ": does not hold the prior of its latent library");
  }
  model.library_prior = {prior->second[0], prior->second[1]};
}

}  // namespace hourglass
