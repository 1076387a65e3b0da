#pragma once

#include <string>

#include "config/arithmetic_settings.hpp"

namespace hourglass {

class Communicator;
class Layout;
struct TrainConfig;

/// Prepares the process to compute with the given settings. Throws Error(usage) with advice, on
/// every rank, when this build or CPU cannot, or when bf16 would be slower than fp32 on rank 0
/// (measured on the largest tensor of `layout`). Collective.
void prepare_arithmetic(const Communicator& communicator, const TrainConfig& config,
                        const Layout& layout);

/// The libraries, versions and kernels that determine the bits of matrix products. Stored in
/// checkpoints and compared on resume and across ranks.
[[nodiscard]] std::string arithmetic_description(const ArithmeticSettings& settings);

}  // namespace hourglass
