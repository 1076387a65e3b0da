#include "cli/model_arguments.hpp"

#include <fmt/format.h>

#include "cli/reading_options.hpp"
#include "data/feature_advice.hpp"
#include "engine/training_data.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

Option scale_option() {
  return {"data-scale", "input",
          "Factor by which values of the data become like those of the training; without it they "
          "are compared, and what is certain is converted",
          "", false};
}

GivenScale read_scale(const Arguments& arguments) {
  GivenScale scale;
  if (!arguments.has("data-scale")) return scale;
  scale.factor = arguments.number("data-scale", 1);
  if (!(*scale.factor > 0))
    throw Error(ErrorKind::usage,
                fmt::format("--data-scale must be above 0, not {}", *scale.factor));
  return scale;
}

Option target_option() {
  return {"target", "input",
          "Of models that were trained with --target: FILE.h5:/path of what they are to make of "
          "each row of --data",
          "", false};
}

void read_target(const Arguments& arguments, const Model& model, ReadOptions& reading) {
  if (model.has_target() == arguments.has("target")) {
    reading.target = arguments.get("target");
    return;
  }
  if (model.has_target()) {
    throw Error(ErrorKind::usage,
                fmt::format("{}: was trained with --target: give the target of --data here too, "
                            "--target FILE.h5:/path",
                            model.file.path));
  }
  throw Error(ErrorKind::usage,
              fmt::format("{}: was trained without --target: leave out --target", model.file.path));
}

std::vector<Option> model_options() {
  std::vector<Option> options = with_reading_options(
      {
          {"model", "input", "Model or checkpoint file", "", false},
          {"data", "input", "Samples: FILE.h5:/path/to/dataset", "", false},
          scale_option(),
          channels_option(),
          {"threads", "run", "Worker threads per rank", "1", false},
          {"micro-batch", "run", "Samples processed together by one thread", "the model's", false},
      },
      3);
  for (Option& option : condition_options()) options.push_back(std::move(option));
  return options;
}

ModelArguments read_model_arguments(const Communicator& communicator, const Arguments& arguments) {
  ModelArguments given;
  collectively(communicator, [&] {
    given.data = arguments.required("data");
    given.scale = read_scale(arguments);
    given.threads = arguments.integer("threads", 1, 1);
    given.model = load_model(arguments.required("model"), true);
    given.conditions = given_conditions(arguments);
    given.reading = reading_from(arguments, given.model.config);
    given.micro_batch = arguments.integer("micro-batch", given.model.config.micro_batch, 1);
  });
  return given;
}

MatchedData open_matched(const Communicator& communicator, ModelArguments& given) {
  MatchedData matched =
      open_matched(communicator, given.data, given.reading, given.model, given.scale);
  given.model.row_conditions =
      sample_conditions(communicator, given.model, given.conditions, matched.reader->info());
  return matched;
}

MatchedData open_matched(const Communicator& communicator, const std::string& address,
                         const ReadOptions& reading, const Model& model, const GivenScale& scale) {
  MatchedData matched =
      match_data(communicator, open_everywhere(communicator, address, reading),
                 reading.target.empty() ? model.input() : model.pair_input(), scale);
  std::optional<std::string> unfamiliar;
  collectively(communicator, [&] {
    if (!communicator.is_root() || matched.transform.mean.empty()) return;
    unfamiliar = unfamiliar_feature_advice(*matched.reader, RowSample(*matched.reader),
                                           matched.transform, nullptr);
  });
  if (!communicator.is_root()) return matched;
  for (const std::string& note : matched.notes) fmt::print(stderr, "{}\n", note);
  if (unfamiliar) fmt::print(stderr, "{}\n", *unfamiliar);
  return matched;
}

}  // namespace hourglass
