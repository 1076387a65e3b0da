#include "cli/condition_options.hpp"

#include <fmt/format.h>

#include "data/sample_conditions.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

std::vector<Option> condition_options() {
  return {
      {"condition", "input",
       "Of a model with conditions: FILE.h5:/path of the category of each row of --data, as for "
       "train",
       "", false},
      {"unknown-condition", "input",
       "Samples without a category, or of one that the model has not seen, are taken for unknown",
       "", true},
  };
}

GivenConditions given_conditions(const Arguments& arguments) {
  return {arguments.get("condition"), arguments.flag("unknown-condition")};
}

std::vector<std::int32_t> sample_conditions(const Communicator& communicator, const Model& model,
                                            const GivenConditions& given,
                                            const DatasetInfo& samples) {
  const std::vector<Condition>& conditions = model.config.model.conditions;
  std::vector<std::int32_t> table;
  collectively(communicator, [&] {
    if (conditions.empty()) {
      if (given.addresses.empty()) return;
      throw Error(
          ErrorKind::usage,
          fmt::format("{}: the model has no conditions: leave out --condition", model.file.path));
    }
    if (given.addresses.empty()) {
      std::vector<std::string> names;
      for (const Condition& condition : conditions) names.push_back(condition.name);
      throw Error(ErrorKind::usage,
                  fmt::format("{}: the model has conditions ({}): give those of the samples with "
                              "--condition FILE:/path",
                              model.file.path, fmt::join(names, ", ")));
    }
    table = read_conditions(given.addresses, samples, conditions, given.unknown);
  });
  return table;
}

}  // namespace hourglass
