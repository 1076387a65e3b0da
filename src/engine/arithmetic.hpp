#pragma once

#include <string>

#include "config/arithmetic_settings.hpp"

namespace hourglass {

class Communicator;
class Layout;
struct TrainConfig;

/// Makes the process compute as the settings say. Throws Error(usage) with advice, on every rank,
/// when this build or CPU cannot, or when bf16 would be slower than fp32 on rank 0 (measured on the
/// largest tensor of `layout`). Collective.
void prepare_arithmetic(const Communicator& communicator, const TrainConfig& config,
                        const Layout& layout);

/// What decides the bits of the matrix products: libraries, their versions and kernels. Kept in
/// checkpoints and compared on resume and across ranks.
[[nodiscard]] std::string arithmetic_description(const ArithmeticSettings& settings);

}  // namespace hourglass
