#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <numeric>

#include "analysis/pca.hpp"
#include "cli/command.hpp"
#include "cli/reading_options.hpp"
#include "data/statistics.hpp"
#include "engine/training_data.hpp"
#include "hourglass/core/error.hpp"
#include "system/atomic_file.hpp"

namespace hourglass {
namespace {

void print_result(const Arguments& arguments, const PrincipalComponents& pca,
                  const std::string& path) {
  const double explained = std::accumulate(pca.variance.begin(), pca.variance.end(), 0.0);
  const double share = pca.total_variance > 0 ? explained / pca.total_variance : 1.0;
  if (arguments.flag("json")) {
    nlohmann::ordered_json json;
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
      "{} components explain {:.2f} % of the variance of {} samples; sse on them {:.6f}\nmodel "
      "{}\n",
      pca.variance.size(), 100 * share, pca.samples, std::max(0.0, pca.total_variance - explained),
      path);
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
  });
  const auto reader = open_everywhere(world, config.data, config.reading);
  const InputTransform transform = input_transform(world, *reader, config.normalize);
  WorkerPool pool(threads);
  const PrincipalComponents pca = principal_components(world, *reader, transform, components, pool);
  write_principal_components(world, pca, transform, config, output);
  if (world.is_root()) print_result(arguments, pca, output);
}

}  // namespace

Command pca_command() {
  return {"pca",
          "Principal component analysis, written as a model file: a baseline",
          "hourglass pca --data FILE.h5:/train/samples --components 30 --output pca.h5",
          "The file can be used like any model: hourglass evaluate --model pca.h5 --data "
          "FILE.h5:/test/samples\nBitwise reproducible on any number of ranks and threads; at most "
          "16 ranks x threads take part.\n",
          with_reading_options({{"data", "input", "Samples: FILE.h5:/path/to/dataset", "", false},
                                {"normalize", "input",
                                 "auto, none, unit or standardize, as for train", "auto", false},
                                {"components", "output", "Number of components", "", false},
                                {"output", "output", "Model file to write", "", false},
                                {"threads", "run", "Worker threads per rank", "1", false},
                                {"json", "output", "Print one JSON object", "", true},
                                {"help", "output", "Show this text", "", true}},
                               2),
          0,
          true,
          run_pca};
}

}  // namespace hourglass
