#pragma once

#include <span>
#include <string_view>

#include "nn/layer.hpp"

namespace hourglass {

/// Where a sample's size factor comes from that multiplies the means of a model of counts.
enum class LibrarySize {
  observed,  ///< from the sum of its counts
  latent,    ///< from a latent variable (LatentLibrary)
};
/// Names as in the configuration: "observed", "latent".
[[nodiscard]] std::string_view name_of(LibrarySize size);
/// Throws Error(usage) that lists the names.
[[nodiscard]] LibrarySize library_size_from(std::string_view name);

/// The normal distribution of ln s over the training samples.
struct LibraryPrior {
  double mean = 0;
  double deviation = 0;
};

/// The library of a sample as a latent variable (Lopez et al. 2018), behind GaussianSample: of the
/// units (h, l), rows x (d + 1), the first d are the code and go on,
///   y = h,
/// and the last gives the size factor, with the prior's mean m and deviation v,
///   s = exp(m + min(max(v l, -10), 10)).
/// l has the prior N(0, 1), so ln s has N(m, v^2), and the divergence of the one is that of the
/// other. Size factors and the loss's gradient with respect to ln s live in the layer's scratch
/// memory: forward writes s and a gradient of 0, which the owner of the loss replaces before
/// backward,
///   dL/dl = v dL/d ln s, or 0 beyond the bounds.
class LatentLibrary final : public Layer {
 public:
  /// The bound of v l: a factor of 2.2e4 on both sides of a typical sample.
  static constexpr float most_log_ratio = 10;

  LatentLibrary(Index width, const LibraryPrior& prior);

  [[nodiscard]] Index inputs() const override { return width_ + 1; }
  [[nodiscard]] Index outputs() const override { return width_; }
  /// s and dL/d ln s.
  [[nodiscard]] Index scratch_per_row() const override { return 2; }
  void forward(const float* parameters, ConstMatrix x, Matrix y, std::span<float> scratch,
               const PassContext& context) const override;
  void backward(const float* parameters, ConstMatrix x, ConstMatrix y, Matrix dy, Matrix dx,
                float* gradient, std::span<float> scratch,
                const PassContext& context) const override;

  /// The parts of the scratch memory of a pass, a number for each row.
  [[nodiscard]] static std::span<const float> sizes(std::span<const float> scratch) {
    return scratch.first(scratch.size() / 2);
  }
  [[nodiscard]] static std::span<float> size_gradient(std::span<float> scratch) {
    return scratch.last(scratch.size() / 2);
  }

 private:
  Index width_;
  float mean_;
  float deviation_;
};

}  // namespace hourglass
