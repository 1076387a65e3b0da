#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// Settings of Superposition; generate_superposition.cpp gives each its name and text.
struct SuperpositionSpec {
  Index atoms = 4096;
  Index dimension = 512;
  Index active = 20;      ///< atoms of a sample
  double exponent = 0.5;  ///< of the power law of use; 0: all alike
  double noise = 0.05;    ///< standard deviation of normal noise on every feature
  double offset = 0;      ///< norm of a constant vector that every sample contains
  std::uint64_t seed = 1;
};

/// Samples that are sparse sums of more directions than they have dimensions, as the activations
/// of language models are thought to be (Elhage et al., "Toy models of superposition", 2022):
///
///   x = offset + sum_k c_k a_{j_k} + noise,  k = 1..active
///
/// a_j: `atoms` unit vectors of uniformly random direction. j_1, j_2, ...: drawn one after the
/// other, atom j (from 0) with a probability in proportion to (j + 1)^-exponent, those drawn before
/// left out. c_k: uniform in [0.5, 1.5). noise: normal, independent. offset: a vector of that norm,
/// in a random direction.
///
/// A sample is a function of (spec, its number), so ranks make their rows alone and all files are
/// the same.
class Superposition {
 public:
  /// Throws Error(usage) naming an option out of range.
  explicit Superposition(const SuperpositionSpec& spec);

  [[nodiscard]] const SuperpositionSpec& spec() const { return spec_; }
  /// atoms x dimension.
  [[nodiscard]] std::span<const float> atoms() const { return atoms_; }
  /// Sample `number` (dimension), the atoms in it (active, ascending) and how much of each.
  void make(Index number, std::span<float> sample, std::span<std::int32_t> which,
            std::span<float> much) const;

 private:
  SuperpositionSpec spec_;
  std::vector<float> atoms_;
  std::vector<float> offset_;
  std::vector<double> sums_;  // of the weights of atoms 0 to j
};

}  // namespace hourglass
