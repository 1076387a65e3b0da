#pragma once

#include "cli/options.hpp"
#include "hourglass/comm/communicator.hpp"
#include "run/model_file.hpp"

namespace hourglass {

/// The arguments shared by evaluate, encode and reconstruct: a model, a data set, threads and
/// micro-batch.
struct ModelArguments {
  Model model;
  std::string data;
  ReadOptions reading;
  Index threads = 1;
  Index micro_batch = 128;
};

[[nodiscard]] std::vector<Option> model_options();
/// Collective; throws the same Error on every rank.
[[nodiscard]] ModelArguments read_model_arguments(const Communicator& communicator,
                                                  const Arguments& arguments);

}  // namespace hourglass
