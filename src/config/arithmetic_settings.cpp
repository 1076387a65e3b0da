#include "config/arithmetic_settings.hpp"

#include <fmt/format.h>

#include <charconv>

#include "hourglass/core/error.hpp"

namespace hourglass {

std::string_view name_of(GemmLibrary library) {
  return library == GemmLibrary::openblas ? "openblas" : "onednn";
}

std::string_view name_of(Precision precision) {
  return precision == Precision::fp32 ? "fp32" : "bf16";
}

GemmLibrary gemm_library_from(std::string_view name) {
  if (name == "openblas") return GemmLibrary::openblas;
  if (name == "onednn") return GemmLibrary::onednn;
  throw Error(ErrorKind::usage, fmt::format("unknown library '{}': openblas or onednn", name));
}

Precision precision_from(std::string_view name) {
  if (name == "fp32") return Precision::fp32;
  if (name == "bf16") return Precision::bf16;
  throw Error(ErrorKind::usage, fmt::format("unknown precision '{}': fp32 or bf16", name));
}

std::string format_wire(const ArithmeticSettings& settings) {
  if (settings.low_rank > 0) return fmt::format("powersgd:{}", settings.low_rank);
  if (settings.wire == Wire::fp32) return "fp32";
  return settings.wire == Wire::bf16 ? "bf16" : "int8";
}

void parse_wire(std::string_view text, ArithmeticSettings& settings) {
  constexpr std::string_view low_rank = "powersgd:";
  settings.wire = Wire::fp32;
  settings.low_rank = 0;
  if (text == "fp32") return;
  if (text == "bf16" || text == "int8") {
    settings.wire = text == "bf16" ? Wire::bf16 : Wire::int8;
    return;
  }
  if (text.starts_with(low_rank)) {
    const std::string_view number = text.substr(low_rank.size());
    const char* const last = number.data() + number.size();
    const auto [end, error] = std::from_chars(number.data(), last, settings.low_rank);
    if (error == std::errc{} && end == last && settings.low_rank >= 1 &&
        settings.low_rank <= 1024) {
      return;
    }
  }
  throw Error(
      ErrorKind::usage,
      fmt::format("unknown format '{}': fp32, bf16, int8 or powersgd:R with a rank R from 1 "
                  "to 1024",
                  text));
}

}  // namespace hourglass
