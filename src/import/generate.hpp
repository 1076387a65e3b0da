#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// Data sets made of random numbers, for experiments that need no download.
enum class Synthetic {
  curves,  ///< images of parabolas with 6 degrees of freedom, 28 x 28, after Hinton & Salakhutdinov
           ///< (2006)
  swiss_roll,  ///< (t cos t, h, t sin t), t in [1.5 pi, 4.5 pi], h in [0, 21]: a rolled-up sheet in
               ///< 3 dimensions
  s_curve,     ///< (sin t, h, sign(t)(cos t - 1)), t in [-1.5 pi, 1.5 pi], h in [0, 2]
  gaussian_mixture,  ///< one of `components` centres drawn from N(0, 5^2 I), plus N(0, I), in
                     ///< `dimension` dimensions
  manifold,  ///< x_j = sum_k a_jk cos(w_k z + b_k) / sqrt(32), k = 1..32, a and w standard normal,
             ///< z uniform in [-1, 1]^intrinsic
};

[[nodiscard]] std::string_view name_of(Synthetic kind);
/// Throws Error(usage) that lists the names.
[[nodiscard]] Synthetic synthetic_from(std::string_view name);
[[nodiscard]] std::vector<std::string> synthetic_names();

struct SyntheticSpec {
  Synthetic kind = Synthetic::curves;
  std::uint64_t seed = 1;
  double noise = 0;       ///< standard deviation of normal noise added to every feature
  Index dimension = 0;    ///< of gaussian-mixture and manifold; 0: 10 and 100
  Index components = 10;  ///< gaussian-mixture
  Index intrinsic = 3;    ///< manifold
};

/// A generator: every sample is a function of (spec, its number), so ranks make their rows alone
/// and all files are the same.
class SyntheticData {
 public:
  /// Throws Error(usage) naming an option out of range.
  explicit SyntheticData(const SyntheticSpec& spec);

  [[nodiscard]] std::vector<Index> sample_shape() const;
  [[nodiscard]] Index features() const;
  /// Numbers that a sample is a function of, besides noise.
  [[nodiscard]] Index latent_size() const;
  /// Writes sample `number`, its latent coordinates and its label: the component, or the tenth of
  /// the first latent coordinate's range.
  void make(Index number, std::span<float> sample, std::span<float> latent,
            std::uint8_t& label) const;

 private:
  void make_curve(std::span<const double> uniform, std::span<float> sample,
                  std::span<float> latent) const;
  void add_noise(Index number, std::span<float> sample) const;

  SyntheticSpec spec_;
  std::vector<float> centres_;      // gaussian-mixture: components x dimension
  std::vector<float> amplitudes_;   // manifold: dimension x terms
  std::vector<float> frequencies_;  // manifold: terms x intrinsic
  std::vector<float> phases_;
};

}  // namespace hourglass
