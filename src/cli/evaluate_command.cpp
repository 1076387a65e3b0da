#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "analysis/code_statistics.hpp"
#include "analysis/column_errors.hpp"
#include "analysis/denoising.hpp"
#include "analysis/evidence_bounds.hpp"
#include "cli/command.hpp"
#include "cli/feature_output.hpp"
#include "cli/model_arguments.hpp"
#include "core/number_text.hpp"
#include "data/original_units.hpp"
#include "data/sample_weights.hpp"
#include "engine/inference.hpp"
#include "engine/training_data.hpp"
#include "hourglass/core/error.hpp"
#include "model/unit_divergences.hpp"

namespace hourglass {
namespace {

std::optional<CodeStatisticsOptions> read_code_options(const Communicator& world,
                                                       const Arguments& arguments) {
  std::optional<CodeStatisticsOptions> code_options;
  collectively(world, [&] {
    const bool jacobian = arguments.flag("jacobian");
    const double threshold = arguments.number("active-above", CodeStatisticsOptions{}.threshold);
    if (threshold < 0)
      throw Error(ErrorKind::usage,
                  fmt::format("--active-above must be at least 0, not {}", threshold));
    if (arguments.flag("code") || jacobian)
      code_options = CodeStatisticsOptions{threshold, jacobian};
  });
  return code_options;
}

std::optional<NoisyInput> read_noise(const Communicator& world, const Arguments& arguments,
                                     const ImageShape& model_image, const DatasetInfo& info) {
  std::optional<NoisyInput> noise;
  collectively(world, [&] {
    const Corruption kind = corruption_from(arguments.get("corruption", "none"));
    if (kind == Corruption::none) return;
    if (!info.address.options.target.empty()) {
      throw Error(ErrorKind::usage,
                  "--corruption compares with the input itself and cannot be combined with "
                  "--target: leave out --corruption");
    }
    noise.emplace();
    noise->corruption = {kind, arguments.number("corruption-strength", CorruptionSpec{}.strength)};
    check_corruption(noise->corruption);
    noise->seed = static_cast<std::uint64_t>(arguments.integer("seed", 1, 0));
    noise->image = model_image;
    const bool is_image = info.shape.size() == 3 || info.shape.size() == 4;
    if (!noise->image.known() && is_image) {
      noise->image = {info.shape[1], info.shape[2], info.shape.size() == 4 ? info.shape[3] : 1};
    }
    if (is_structured(kind) && !noise->image.known()) {
      throw Error(
          ErrorKind::usage,
          fmt::format(
              "--corruption {} needs images, but neither the model nor {} defines height and width",
              name_of(kind), to_string(info.address)));
    }
  });
  return noise;
}

nlohmann::ordered_json to_json(const std::vector<ColumnError>& errors) {
  auto list = nlohmann::ordered_json::array();
  for (const ColumnError& error : errors) {
    list.push_back({{"name", error.column->name},
                    {"kind", name_of(error.column->kind)},
                    {"error", error.error},
                    {"rows", error.rows}});
  }
  return list;
}

void print_columns(const std::vector<ColumnError>& errors) {
  std::size_t width = 0;
  for (const ColumnError& error : errors) width = std::max(width, error.column->name.size());
  for (const ColumnError& error : errors) {
    const ColumnKind kind = error.column->kind;
    const bool share = kind == ColumnKind::category || kind == ColumnKind::boolean;
    fmt::print("column   {:<{}}  {:<8}  {}\n", error.column->name, width, name_of(kind),
               share ? fmt::format("{:.4g} % wrong", 100 * error.error)
                     : fmt::format("{:.6g}{} root mean square error", error.error,
                                   kind == ColumnKind::date ? " s" : ""));
  }
}

void add_code(const CodeStatistics& code, nlohmann::ordered_json& json) {
  json["code_mean_absolute"] = code.mean_absolute;
  json["code_active_units"] = code.active_units;
  json["code_units_used"] = code.units_used;
  if (!code.unit_divergences.empty()) {
    json["code_kl"] = total_divergence(code.unit_divergences);
    json["code_kl_units_used"] = count_used_units(code.unit_divergences);
    json["code_unit_kl"] = code.unit_divergences;
  }
  if (code.jacobian) json["code_jacobian_norm"] = *code.jacobian;
}

void print_code(const CodeStatistics& code, Index units) {
  fmt::print(
      "code     {:.6f} mean |h|; {:.2f} of {} units active, averaged over samples; {} ever\n",
      code.mean_absolute, code.active_units, units, code.units_used);
  const std::vector<double>& divergences = code.unit_divergences;
  if (!divergences.empty()) {
    fmt::print("kl       {:.6f} nats from the prior; {} of {} units used (above {:g} nats)\n",
               total_divergence(divergences), count_used_units(divergences), units, used_unit_nats);
    constexpr std::size_t per_line = 8;
    for (std::size_t first = 0; first < divergences.size(); first += per_line) {
      const std::size_t last = std::min(first + per_line, divergences.size());
      fmt::print("  units {:>4} to {:>4}", first, last - 1);
      for (std::size_t j = first; j < last; ++j) fmt::print("  {:8.5f}", divergences[j]);
      fmt::print("\n");
    }
  }
  if (code.jacobian) fmt::print("jacobian {:.6f} mean |dh/dx|\n", *code.jacobian);
}

std::optional<EvidenceOptions> read_evidence_options(const Communicator& world,
                                                     const Arguments& arguments,
                                                     const Autoencoder& model) {
  std::optional<EvidenceOptions> options;
  collectively(world, [&] {
    const Index draws = arguments.integer("samples", EvidenceOptions{}.draws, 1);
    if (!arguments.flag("elbo")) {
      if (arguments.has("samples"))
        throw Error(ErrorKind::usage, "--samples has no effect without --elbo: add --elbo");
      return;
    }
    check_evidence(model);
    if (draws > std::numeric_limits<std::int32_t>::max())
      throw Error(ErrorKind::usage, fmt::format("--samples must be below 2^31, not {}", draws));
    options = EvidenceOptions{draws, static_cast<std::uint64_t>(arguments.integer("seed", 1, 0))};
  });
  return options;
}

void print_evidence(const EvidenceBounds& bounds, Index draws) {
  fmt::print("elbo     {:.6f} nats   reconstruction {:.6f}, divergence {:.6f}\n", bounds.elbo,
             bounds.reconstruction, bounds.divergence);
  fmt::print("bound    {:.6f} nats   importance-weighted, {} draws of the code\n",
             bounds.importance_weighted, draws);
}

/// The errors in the units of the data, and the peak of the psnr in them.
double to_original_units(const MatchedData& data, const Model& model, const FeatureErrors& errors,
                         Evaluation& result) {
  const InputTransform outputs = model.outputs_of(data);
  result.sse = 0;
  for (std::size_t f = 0; f < errors.mse.size(); ++f) {
    const double unit = original_unit(outputs, f);
    result.sse += errors.mse[f] * unit * unit;
  }
  result.mse = result.sse / static_cast<double>(errors.mse.size());
  double peak = outputs.divisor;
  if (!data.transform.mean.empty() && model.identity && model.identity->range.known()) {
    const ValueRange& range = model.identity->range;
    peak = (range.highest - range.lowest) / data.values.multiply * data.values.divide;
  }
  result.psnr = result.mse > 0 ? 10 * std::log10(peak * peak / result.mse)
                               : std::numeric_limits<double>::infinity();
  return peak;
}

void run_evaluate(const Arguments& arguments) {
  const auto world = Communicator::world();
  ModelArguments given = read_model_arguments(world, arguments);
  std::optional<CodeStatisticsOptions> code_options = read_code_options(world, arguments);
  std::optional<EvidenceOptions> evidence_options =
      read_evidence_options(world, arguments, *given.model.network);
  Units units = Units::network;
  collectively(world, [&] { read_target(arguments, given.model, given.reading); });
  collectively(world, [&] { units = units_from(arguments.get("units", "network")); });
  const MatchedData data = open_matched(world, given);
  const DatasetReader& reader = *data.reader;
  std::optional<NoisyInput> noise =
      read_noise(world, arguments, given.model.config.model.image, reader.info());
  if (code_options) code_options->conditions = given.model.row_conditions;
  if (noise) noise->conditions = given.model.row_conditions;
  if (evidence_options) evidence_options->conditions = given.model.row_conditions;
  std::vector<float> weights;
  collectively(world, [&] {
    if (arguments.has("sample-weights"))
      weights = read_sample_weights(arguments.get("sample-weights"), reader.info());
  });
  WorkerPool pool(given.threads);
  Evaluation result =
      evaluate(world, *given.model.network, given.model.parameters.span(), reader, data.transform,
               given.micro_batch, pool, weights, given.model.row_conditions);
  double peak = 1;
  std::optional<FeatureTable> features;
  if (arguments.flag("per-feature") || units == Units::data) {
    const FeatureErrors errors =
        feature_errors(world, given.model, reader, data.transform, given.micro_batch, pool);
    if (units == Units::data) peak = to_original_units(data, given.model, errors, result);
    if (arguments.flag("per-feature")) {
      features = feature_table(errors, given.model.outputs_of(data),
                               names_of_features(given.model, reader.info()));
    }
  }
  const std::vector<ColumnError> columns =
      column_errors(world, given.model, reader, data.transform, given.micro_batch, pool);
  std::optional<CodeStatistics> code;
  if (code_options) {
    code = code_statistics(world, *given.model.network, given.model.parameters.span(), reader,
                           data.transform, given.micro_batch, pool, *code_options);
  }
  std::optional<EvidenceBounds> evidence;
  if (evidence_options) {
    evidence = evidence_bounds(world, *given.model.network, given.model.parameters.span(), reader,
                               data.transform, given.micro_batch, pool, *evidence_options);
  }
  std::optional<double> corrupted;
  if (noise) {
    corrupted = denoising_sse(world, *given.model.network, given.model.parameters.span(), reader,
                              data.transform, given.micro_batch, pool, *noise);
  }
  if (!world.is_root()) return;
  if (arguments.flag("json")) {
    nlohmann::ordered_json json;
    json["sse"] = result.sse;
    json["mse"] = result.mse;
    json["psnr"] = result.psnr;
    json["psnr_peak"] = peak;
    json["loss"] = result.loss;
    json["penalty"] = result.penalty;
    json["samples"] = result.samples;
    if (corrupted) json["corrupted_sse"] = *corrupted;
    if (!columns.empty()) json["columns"] = to_json(columns);
    if (features) add_features(*features, json);
    if (evidence) {
      json["elbo"] = evidence->elbo;
      json["elbo_reconstruction"] = evidence->reconstruction;
      json["elbo_divergence"] = evidence->divergence;
      json["importance_weighted_bound"] = evidence->importance_weighted;
      json["elbo_samples"] = evidence_options->draws;
    }
    if (code) add_code(*code, json);
    fmt::print("{}\n", json.dump());
    return;
  }
  fmt::print(
      "samples  {}\nsse      {}   squared error, summed over features, averaged over samples\n",
      result.samples, decimal_text(result.sse, 6));
  fmt::print("mse      {}   per feature\npsnr     {:.4f} dB   peak {:g}\nloss     {:.8g}   {}\n",
             decimal_text(result.mse, 8), result.psnr, peak, result.loss,
             name_of(given.model.config.model.loss));
  print_columns(columns);
  if (corrupted)
    fmt::print(
        "noisy    {}   sse of reconstructions from noisy samples, against the clean samples\n",
        decimal_text(*corrupted, 6));
  if (features) print_features(*features);
  if (evidence) print_evidence(*evidence, evidence_options->draws);
  if (code) print_code(*code, given.model.network->code_size());
}

}  // namespace

Command evaluate_command() {
  std::vector<Option> options = model_options();
  options.push_back(target_option());
  options.push_back({"sample-weights", "input",
                     "FILE.h5:/path of a weight for each row of --data: means over samples (but "
                     "for those of noise, code, features and --elbo) are weighted",
                     "", false});
  options.push_back({"corruption", "noise",
                     fmt::format("Also reconstruct from samples corrupted with this noise: {}",
                                 fmt::join(corruption_names(), ", ")),
                     "none", false});
  options.push_back({"corruption-strength", "noise", "As for train", "0.3", false});
  options.push_back({"seed", "noise", "Seed of the noise, and of --elbo", "1", false});
  options.push_back({"elbo", "output",
                     "Also report the evidence lower bound and the importance-weighted bound of a "
                     "variational model, in nats per sample",
                     "", true});
  options.push_back({"samples", "output", "Codes drawn per sample for --elbo", "100", false});
  options.push_back(
      {"code", "output",
       "Also report the number of active code units and their mean magnitude; of variational "
       "codes the KL divergence of each unit",
       "", true});
  options.push_back({"active-above", "output",
                     "Threshold of |h| above which a unit counts as active", "0.01", false});
  options.push_back({"jacobian", "output",
                     "As --code, with the norm of dh/dx: one reverse pass per unit, so it is slow",
                     "", true});
  options.push_back({"units", "output",
                     "Units of sse, mse and psnr: network (normalised) or data (as stored)",
                     "network", false});
  options.push_back(
      {"per-feature", "output",
       "Also report root mean squared error and bias of each feature, in the units of "
       "the data, and its share of the network's squared error",
       "", true});
  options.push_back({"json", "output", "Print one JSON object", "", true});
  options.push_back({"help", "output", "Show this text", "", true});
  return {"evaluate",
          "Evaluate the reconstruction error of a model on a data set",
          "hourglass evaluate --model run/model.h5 --data FILE.h5:/test/samples [--code] [--json]",
          "The results are the same on any number of ranks and threads.\n",
          options,
          0,
          true,
          run_evaluate,
          false,
          {"threads", "micro-batch"}};
}

}  // namespace hourglass
