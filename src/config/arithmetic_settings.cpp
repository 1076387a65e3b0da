#include "config/arithmetic_settings.hpp"

#include <fmt/format.h>

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

std::string_view name_of(Wire wire) { return wire == Wire::fp32 ? "fp32" : "bf16"; }

Wire wire_from(std::string_view name) {
  return precision_from(name) == Precision::bf16 ? Wire::bf16 : Wire::fp32;
}

}  // namespace hourglass
