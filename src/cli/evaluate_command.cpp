#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "command.hpp"
#include "hourglass/core/error.hpp"
#include "hourglass/train/inference.hpp"
#include "hourglass/train/training_data.hpp"
#include "model_arguments.hpp"

namespace hourglass {
namespace {

void run_evaluate(const Arguments& arguments) {
  const auto world = Communicator::world();
  const ModelArguments given = read_model_arguments(world, arguments);
  const auto reader = open_everywhere(world, given.data);
  WorkerPool pool(given.threads);
  const Evaluation result = evaluate(world, *given.model.network, given.model.parameters.span(), *reader, given.model.transform,
                                     given.micro_batch, pool);
  if (!world.is_root()) return;
  if (arguments.flag("json")) {
    nlohmann::ordered_json json;
    json["sse"] = result.sse;
    json["mse"] = result.mse;
    json["psnr"] = result.psnr;
    json["loss"] = result.loss;
    json["samples"] = result.samples;
    fmt::print("{}\n", json.dump());
    return;
  }
  fmt::print("samples  {}\nsse      {:.6f}   squared error, summed over features, averaged over samples\n", result.samples,
             result.sse);
  fmt::print("mse      {:.8f}   per feature\npsnr     {:.4f} dB\nloss     {:.8g}   {}\n", result.mse, result.psnr, result.loss,
             name_of(given.model.config.model.loss));
}

}  // namespace

Command evaluate_command() {
  std::vector<Option> options = model_options();
  options.push_back({"json", "output", "Print one JSON object", "", true});
  options.push_back({"help", "output", "Show this text", "", true});
  return {"evaluate",
          "Measure how well a model reconstructs a data set",
          "hourglass evaluate --model run/model.h5 --data FILE.h5:/test/samples [--json]",
          "The figures are the same on any number of ranks and threads.\n",
          options,
          0,
          true,
          run_evaluate};
}

}  // namespace hourglass
