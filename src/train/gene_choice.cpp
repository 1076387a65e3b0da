#include "train/gene_choice.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/data_reading.hpp"
#include "data/highly_variable.hpp"
#include "engine/training_data.hpp"

namespace hourglass {

TrainConfig with_highly_variable(const Communicator& communicator, const TrainConfig& config) {
  if (config.highly_variable == 0) return config;
  const auto reader = open_everywhere(communicator, config.data, training_reading(config));
  TrainConfig chosen = config;
  chosen.reading.views.columns =
      fmt::format("{}", fmt::join(highly_variable_genes(communicator, *reader,
                                                        config.highly_variable, config.target_sum),
                                  ","));
  chosen.highly_variable = 0;
  return chosen;
}

}  // namespace hourglass
