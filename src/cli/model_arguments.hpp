#pragma once

#include "cli/options.hpp"
#include "hourglass/comm/communicator.hpp"
#include "run/model_file.hpp"

namespace hourglass {

/// What evaluate, encode and reconstruct have in common: a model, a data set and how to compute.
struct ModelArguments {
  Model model;
  std::string data;
  bool allow_external = false;
  Index threads = 1;
  Index micro_batch = 128;
};

[[nodiscard]] std::vector<Option> model_options();
/// Collective; throws the same Error on every rank.
[[nodiscard]] ModelArguments read_model_arguments(const Communicator& communicator,
                                                  const Arguments& arguments);

}  // namespace hourglass
