#include "cli/model_arguments.hpp"

#include "cli/reading_options.hpp"

namespace hourglass {

std::vector<Option> model_options() {
  return with_reading_options(
      {
          {"model", "input", "Model or checkpoint file", "", false},
          {"data", "input", "Samples: FILE.h5:/path/to/dataset", "", false},
          {"threads", "run", "Worker threads per rank", "1", false},
          {"micro-batch", "run", "Samples processed together by one thread", "the model's", false},
      },
      2);
}

ModelArguments read_model_arguments(const Communicator& communicator, const Arguments& arguments) {
  ModelArguments given;
  collectively(communicator, [&] {
    given.data = arguments.required("data");
    given.threads = arguments.integer("threads", 1, 1);
    given.model = load_model(arguments.required("model"));
    given.reading = reading_from(arguments, given.model.config);
    given.micro_batch = arguments.integer("micro-batch", given.model.config.micro_batch, 1);
  });
  return given;
}

}  // namespace hourglass
