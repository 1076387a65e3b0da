#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/layout.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// The distribution of initial weights. fan_in and fan_out are the inputs and outputs of one unit.
enum class Initialization {
  glorot_uniform,  ///< U(-a, a), a = sqrt(6 / (fan_in + fan_out))  (Glorot & Bengio 2010)
  glorot_normal,   ///< N(0, 2 / (fan_in + fan_out))
  he_uniform,      ///< U(-a, a), a = sqrt(6 / fan_in)              (He et al. 2015)
  he_normal,       ///< N(0, 2 / fan_in)
  lecun_uniform,   ///< U(-a, a), a = sqrt(3 / fan_in)              (LeCun et al. 1998)
  lecun_normal,    ///< N(0, 1 / fan_in)
  pytorch,         ///< U(-a, a), a = 1 / sqrt(fan_in), weights and biases (as torch.nn.Linear)
  sparse,          ///< 15 N(0, 1) weights into each unit, all others 0  (Martens 2010)
};

[[nodiscard]] std::string_view name_of(Initialization initialization);
/// Throws Error(usage) that lists the names.
[[nodiscard]] Initialization initialization_from(std::string_view name);
[[nodiscard]] std::vector<std::string> initialization_names();

/// The role of a tensor in its layer, which decides its initial values.
struct TensorRole {
  Slot slot = 0;
  bool bias = false;  ///< biases start at 0 except with `pytorch`
  Index fan_in = 0;
  Index fan_out = 0;
  /// The tensor starts at this number under every initialization (a gain at 1).
  std::optional<float> constant = {};
  /// A weight whose layer sums its Kronecker factors (nn/kronecker_factors.hpp).
  bool factored = false;
};

/// Fills the tensors of `parameters` (an arena of `layout`) that have a role and leaves the others
/// as they are. Every number is a function of (seed, tensor index, element) alone; the padding
/// becomes 0. A weight of shape (out, in...) is stored row-major, one row per unit. When two layers
/// share a slot (tied weights) its first role counts. With `parts` of the arena, ascending, only
/// what lies in them is written.
void initialize(const Layout& layout, std::span<const TensorRole> roles,
                Initialization initialization, std::uint64_t seed, std::span<float> parameters,
                std::span<const Range> parts = {});

}  // namespace hourglass
