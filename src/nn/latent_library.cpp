#include "nn/latent_library.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "hourglass/core/error.hpp"
#include "math/elementwise.hpp"

namespace hourglass {

std::string_view name_of(LibrarySize size) {
  return size == LibrarySize::observed ? "observed" : "latent";
}

LibrarySize library_size_from(std::string_view name) {
  if (name == "observed") return LibrarySize::observed;
  if (name == "latent") return LibrarySize::latent;
  throw Error(ErrorKind::usage, fmt::format("'{}' is neither observed nor latent", name));
}

LatentLibrary::LatentLibrary(Index width, const LibraryPrior& prior)
    : width_(width),
      mean_(static_cast<float>(prior.mean)),
      deviation_(static_cast<float>(prior.deviation)) {}

void LatentLibrary::forward(const float* /*parameters*/, ConstMatrix x, Matrix y,
                            std::span<float> scratch, const PassContext& /*context*/) const {
  for (Index r = 0; r < x.rows; ++r) {
    const float* const from = x.row(r).data();
    std::copy_n(from, width_, y.row(r).data());
    const float ratio = std::clamp(deviation_ * from[width_], -most_log_ratio, most_log_ratio);
    scratch[static_cast<std::size_t>(r)] = elementwise::exp(mean_ + ratio);
  }
  std::ranges::fill(size_gradient(scratch), 0.0F);
}

void LatentLibrary::backward(const float* /*parameters*/, ConstMatrix x, ConstMatrix /*y*/,
                             Matrix dy, Matrix dx, float* /*gradient*/, std::span<float> scratch,
                             const PassContext& /*context*/) const {
  if (dx.empty()) return;
  const std::span<const float> by_size = size_gradient(scratch);
  for (Index r = 0; r < dy.rows; ++r) {
    float* const to = dx.row(r).data();
    std::copy_n(dy.row(r).data(), width_, to);
    const bool moves = !(std::fabs(deviation_ * x(r, width_)) > most_log_ratio);
    to[width_] = moves ? deviation_ * by_size[static_cast<std::size_t>(r)] : 0.0F;
  }
}

}  // namespace hourglass
