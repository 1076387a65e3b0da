#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <numeric>

#include "analysis/pca.hpp"
#include "cli/command.hpp"
#include "cli/reading_options.hpp"
#include "config/settings.hpp"
#include "core/number_text.hpp"
#include "data/statistics.hpp"
#include "engine/training_data.hpp"
#include "hourglass/core/error.hpp"
#include "system/atomic_file.hpp"

namespace hourglass {
namespace {

void print_result(const Arguments& arguments, const PrincipalComponents& pca, PcaMethod method,
                  const std::string& path) {
  const double explained = std::accumulate(pca.variance.begin(), pca.variance.end(), 0.0);
  const double share = pca.total_variance > 0 ? explained / pca.total_variance : 1.0;
  if (arguments.flag("json")) {
    nlohmann::ordered_json json;
    json["method"] = name_of(method);
    json["samples"] = pca.samples;
    json["components"] = pca.variance.size();
    json["variance"] = pca.variance;
    json["total_variance"] = pca.total_variance;
    json["explained"] = share;
    json["sse"] = std::max(0.0, pca.total_variance - explained);
    fmt::print("{}\n", json.dump());
    return;
  }
  fmt::print("component  variance     explained\n");
  double sum = 0;
  for (std::size_t k = 0; k < pca.variance.size(); ++k) {
    sum += pca.variance[k];
    if (k < 10)
      fmt::print("{:9}  {:<11.6g}  {:.2f} %\n", k + 1, pca.variance[k],
                 100 * sum / std::max(1e-300, pca.total_variance));
  }
  if (pca.variance.size() > 10) fmt::print("...\n");
  fmt::print(
      "{} components explain {:.2f} % of the variance of {} samples; sse on them {}\nmodel "
      "{}\n",
      pca.variance.size(), 100 * share, pca.samples,
      decimal_text(std::max(0.0, pca.total_variance - explained), 6), path);
}

void run_pca(const Arguments& arguments) {
  const auto world = Communicator::world();
  TrainConfig config;
  Index components = 0;
  Index threads = 1;
  std::string output;
  collectively(world, [&] {
    config.data = arguments.required("data");
    config.reading = reading_from(arguments, {}, DataPart::training);
    output = arguments.required("output");
    if (world.is_root()) require_new(output);
    static_cast<void>(arguments.required("components"));
    components = arguments.integer("components", 1, 1);
    threads = arguments.integer("threads", 1, 1);
    config.normalize = normalize_from(arguments.get("normalize", "auto"));
    for (const char* name : {"missing", "missing-value"}) {
      if (arguments.has(name)) find_setting(name).set(config, arguments.get(name));
    }
    if (config.model.missing == Missing::mask) {
      throw Error(ErrorKind::usage,
                  "--missing mask: principal components need whole samples; use --missing mean");
    }
  });
  const auto reader = open_everywhere(world, config.data, config.reading);
  const InputTransform transform =
      input_transform(world, *reader, config.normalize, missing_values(config));
  const PcaPlan plan = plan_pca(reader->info(), components, world.size(), threads);
  if (world.is_root() && !arguments.flag("json")) {
    fmt::print("method {}; memory of a rank: about {} MiB\n", name_of(plan.method),
               (plan.bytes >> 20) + 1);
    std::fflush(stdout);
  }
  WorkerPool pool(threads);
  const PrincipalComponents pca = principal_components(world, *reader, transform, components, pool);
  DataIdentity identity = identity_of(reader->info(), config.normalize);
  identity.range = typical_range(world, *reader, config.missing_values);
  write_principal_components(world, pca, transform, identity, config, output);
  if (world.is_root()) print_result(arguments, pca, plan.method, output);
}

}  // namespace

Command pca_command() {
  return {
      "pca",
      "Principal component analysis, written as a model file: a baseline",
      "hourglass pca --data FILE.h5:/train/samples --components 30 --output pca.h5",
      "The file can be used like any model: hourglass evaluate --model pca.h5 --data "
      "FILE.h5:/test/samples\nExact up to 4096 samples or features (the smaller number "
      "counts); beyond, a randomized method for up to a quarter as many components.\nBitwise "
      "reproducible on any number of ranks and threads; at most 16 ranks x threads take part.\n",
      with_reading_options(
          {{"data", "input", "Samples: FILE.h5:/path/to/dataset", "", false},
           {"normalize", "input", "auto, none, unit or standardize, as for train", "auto", false},
           {"missing", "input",
            "refuse, or mean: the feature's mean in place of missing elements, as for train",
            "refuse", false},
           {"missing-value", "input", "Stored numbers that stand for missing elements", "", false},
           {"components", "output", "Number of components", "", false},
           {"output", "output", "Model file to write", "", false},
           {"threads", "run", "Worker threads per rank", "1", false},
           {"json", "output", "Print one JSON object", "", true},
           {"help", "output", "Show this text", "", true}},
          2),
      0,
      true,
      run_pca,
      false,
      {"threads"},
      true,
      false};
}

}  // namespace hourglass
