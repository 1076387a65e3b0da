#include <fmt/format.h>

#include <charconv>

#include "cli/command.hpp"
#include "core/text_list.hpp"
#include "hourglass/comm/communicator.hpp"
#include "hourglass/core/error.hpp"
#include "run/model_average.hpp"
#include "system/atomic_file.hpp"

namespace hourglass {
namespace {

std::vector<AveragedModel> models_from(const Arguments& arguments) {
  std::vector<AveragedModel> models;
  for (const std::string& path : arguments.positional) models.push_back({path, 1});
  if (models.size() < 2) {
    throw Error(ErrorKind::usage,
                "name two or more models: hourglass average a.h5 b.h5 --output average.h5");
  }
  if (!arguments.has("weights")) return models;
  const std::vector<std::string> weights = split_list(arguments.get("weights"));
  if (weights.size() != models.size()) {
    throw Error(ErrorKind::usage,
                fmt::format("--weights {} has {} numbers, but there are {} "
                            "models: give one for each",
                            arguments.get("weights"), weights.size(), models.size()));
  }
  for (std::size_t i = 0; i < models.size(); ++i) {
    const std::string& text = weights[i];
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), models[i].weight);
    if (error != std::errc{} || end != text.data() + text.size()) {
      throw Error(ErrorKind::usage, fmt::format("--weights is '{}', but a list of numbers is "
                                                "expected",
                                                arguments.get("weights")));
    }
  }
  return models;
}

void run_average(const Arguments& arguments) {
  const auto world = Communicator::world();
  collectively(world, [&] {
    const std::vector<AveragedModel> models = models_from(arguments);
    const std::string output = arguments.required("output");
    if (!world.is_root()) return;
    require_new(output);
    const std::string digest = write_average(models, output);
    fmt::print("{} holds the average of {} models\nweights digest {}\n", output, models.size(),
               digest);
  });
}

}  // namespace

Command average_command() {
  return {"average",
          "Average the weights of models of the same network",
          "hourglass average A.h5 B.h5 [C.h5 ...] --output average.h5 [--weights 2,1,1]",
          "Checkpoints and run folders can be averaged too. The weights are added in double in "
          "the order given.\n",
          {{"weights", "average", "Weights of the models, comma-separated", "all the same", false},
           {"output", "output", "Model file to write", "", false},
           {"help", "output", "Show this text", "", true}},
          10000,
          true,
          run_average};
}

}  // namespace hourglass
