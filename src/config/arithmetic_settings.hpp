#pragma once

#include <string>
#include <string_view>

#include "core/wire_format.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// The library for single-precision matrix products.
enum class GemmLibrary { openblas, onednn };
/// In what the matrix products of dense layers are computed in training passes. Sums, weights and
/// moments are fp32 either way.
enum class Precision {
  fp32,
  bf16,  ///< factors rounded to bfloat16, products added in fp32
};

[[nodiscard]] std::string_view name_of(GemmLibrary library);
[[nodiscard]] std::string_view name_of(Precision precision);
/// Throw Error(usage) that lists the names.
[[nodiscard]] GemmLibrary gemm_library_from(std::string_view name);
[[nodiscard]] Precision precision_from(std::string_view name);

struct ArithmeticSettings {
  GemmLibrary gemm = GemmLibrary::openblas;
  Precision precision = Precision::fp32;
  Wire wire = Wire::fp32;        ///< of gradients and updates between ranks
  bool force_precision = false;  ///< bf16 also where it is slower than fp32
  /// Above 0: gradients are exchanged as factors of this rank (engine/power_sgd_reducer.hpp), and
  /// the wire is fp32.
  Index low_rank = 0;
};

/// The text of --gradient-wire: fp32, bf16, int8 or powersgd:R.
[[nodiscard]] std::string format_wire(const ArithmeticSettings& settings);
/// Sets what that text says. Throws Error(usage).
void parse_wire(std::string_view text, ArithmeticSettings& settings);

}  // namespace hourglass
