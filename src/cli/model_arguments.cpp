#include "cli/model_arguments.hpp"

namespace hourglass {

std::vector<Option> model_options() {
  return {
      {"model", "input", "Model or checkpoint file", "", false},
      {"data", "input", "Samples: FILE.h5:/path/to/dataset", "", false},
      {"allow-external", "input",
       "Allow the data file to refer to other files and to use filter plug-ins", "", true},
      {"threads", "run", "Worker threads per rank", "1", false},
      {"micro-batch", "run", "Samples processed together by one thread", "the model's", false},
  };
}

ModelArguments read_model_arguments(const Communicator& communicator, const Arguments& arguments) {
  ModelArguments given;
  collectively(communicator, [&] {
    given.data = arguments.required("data");
    given.allow_external = arguments.flag("allow-external");
    given.threads = arguments.integer("threads", 1, 1);
    given.model = load_model(arguments.required("model"));
    given.micro_batch = arguments.integer("micro-batch", given.model.config.micro_batch, 1);
  });
  return given;
}

}  // namespace hourglass
