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

/// How weights start. fan_in and fan_out are the inputs and outputs of one unit.
enum class Initialization {
  glorot_uniform,  ///< U(-a, a), a = sqrt(6 / (fan_in + fan_out))              (Glorot & Bengio
                   ///< 2010)
  glorot_normal,   ///< N(0, 2 / (fan_in + fan_out))
  he_uniform,      ///< U(-a, a), a = sqrt(6 / fan_in)                          (He et al. 2015)
  he_normal,       ///< N(0, 2 / fan_in)
  lecun_uniform,   ///< U(-a, a), a = sqrt(3 / fan_in)                          (LeCun et al. 1998)
  lecun_normal,    ///< N(0, 1 / fan_in)
  pytorch,         ///< U(-1/sqrt(fan_in), 1/sqrt(fan_in)) for weights and biases (torch.nn.Linear's
                   ///< default)
  sparse,          ///< 15 incoming N(0, 1) weights a unit, the rest and the biases 0 (Martens 2010)
};

[[nodiscard]] std::string_view name_of(Initialization initialization);
/// Throws Error(usage) that lists the names.
[[nodiscard]] Initialization initialization_from(std::string_view name);
[[nodiscard]] std::vector<std::string> initialization_names();

/// What a tensor is to its layer, which decides how it starts.
struct TensorRole {
  Slot slot = 0;
  bool bias = false;  ///< biases start at 0 except with `pytorch`
  Index fan_in = 0;
  Index fan_out = 0;
  std::optional<float> constant =
      {};  ///< the tensor starts at this number whatever the initialization (a gain at 1)
};

/// Fills the tensors of `parameters` (an arena of `layout`) that have a role and leaves the others
/// as they are. Every number is a function of (seed, tensor index, element) alone; the padding
/// becomes 0. A weight of shape (out, in...) is stored row-major, one row a unit. When two layers
/// share a slot (tied weights) its first role counts.
void initialize(const Layout& layout, std::span<const TensorRole> roles,
                Initialization initialization, std::uint64_t seed, std::span<float> parameters);

}  // namespace hourglass
