#pragma once

#include <string>

namespace hourglass {

struct TrainConfig;

/// To be called when a setting was read from a file or the command line, as
/// settle_variational_defaults() is: sets those that were not given to their defaults, in any order
/// of the settings. With --sparsity these are the usual recipe of dictionaries, as far as the other
/// settings allow it:
///   --output-activation linear; then, with a loss of numbers, --normalize unit-mean-square and
///   --pre-bias mean;
///   --unit-norm-decoder, and --tied-initialization with one layer on each side of the code.
void settle_sparse_defaults(const std::string& given, TrainConfig& config);

}  // namespace hourglass
