#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "data/sample_source.hpp"
#include "hourglass/comm/communicator.hpp"
#include "model/autoencoder.hpp"

namespace hourglass {

/// The first tensor with a value that is not finite, or "".
[[nodiscard]] std::string non_finite_tensor(const Layout& layout, std::span<const float> arena);

/// The step in which something stopped being a finite number.
struct FailedStep {
  std::uint64_t seed = 0;
  std::uint32_t epoch = 0;
  Index step_in_epoch = 0;
};

/// Why: the parameter tensor that is not finite, or the layer and the samples (rows of the data
/// set) from which the step's loss or gradient is not, found by computing the step once more,
/// sample by sample. "" when that shows nothing. The parameters are those the step began with.
/// Collective; the source has to begin an epoch again afterwards.
[[nodiscard]] std::string find_non_finite(const Communicator& communicator, const Trainable& model,
                                          const ShardPlan& plan, std::span<const float> parameters,
                                          SampleSource& source, const FailedStep& step);

}  // namespace hourglass
