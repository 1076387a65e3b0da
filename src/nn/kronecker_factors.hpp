#pragma once

#include <string>
#include <vector>

#include "core/layout.hpp"
#include "hourglass/core/matrix_view.hpp"
#include "nn/layer.hpp"

namespace hourglass {

/// The side of a weight (out x in) on which a factor is multiplied: out x out, or in x in.
enum class FactorSide { left, right };
/// What a factor is summed from: a layer's inputs a, or its gradients g = dL/dz of a sample's loss.
enum class FactorRole { inputs, gradients };

/// The places, in an arena of their own, of the Kronecker factors of a model's weights (K-FAC,
/// Martens & Grosse 2015): of a dense layer
///   right = mean over the samples of a a^T,  left = mean of g g^T  (the empirical Fisher matrix)
/// without a coordinate for the bias. Where a weight is divided into blocks, a factor is divided
/// into the blocks on its diagonal. The factors of a step are sums over its samples like the
/// gradient, and are added along the same tree (core/tree_sum.hpp).
class FactorLayout {
 public:
  /// A block on the diagonal of a factor: `units` x `units` floats, of which the upper triangle is
  /// used; the lower one is 0.
  struct Block {
    Range units;
    Slot slot = 0;  ///< in layout()
  };
  struct Factors {
    Slot weight = 0;
    std::vector<Block> left;
    std::vector<Block> right;
  };

  /// The factors of a weight of rows x columns; blocks have at most `largest_side` units (0: any),
  /// as even as block_parts() makes them.
  void add(Slot weight, const std::string& name, Index rows, Index columns, Index largest_side);
  /// Null: a weight without.
  [[nodiscard]] const Factors* find(Slot weight) const;
  [[nodiscard]] const Layout& layout() const { return layout_; }
  /// Floats of an arena.
  [[nodiscard]] Index size() const { return layout_.size(); }

 private:
  Layout layout_;
  std::vector<Factors> factors_;  // by weight, ascending
};

/// The number of blocks into which a side of a weight is divided; their sizes differ by at most 1.
[[nodiscard]] Index block_parts(Index size, Index largest_side);

/// Writes (or adds) the part of a factor that `rows` make (samples, or positions of a convolution,
/// x units) to context.factor_sums: rows^T rows, divided by the samples N of the global batch for
/// inputs, and times N for gradients, which are 1 / N of a sample's. A weight of samples is in its
/// gradients, so it counts squared. Nothing for a weight without factors.
void sum_factor(const PassContext& context, Slot weight, FactorSide side, FactorRole role,
                ConstMatrix rows, bool add);

}  // namespace hourglass
