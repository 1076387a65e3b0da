#pragma once

#include <memory>
#include <span>
#include <vector>

#include "checkpoint/state_file.hpp"
#include "comm/reducer.hpp"
#include "core/buffer.hpp"
#include "core/layout.hpp"
#include "core/random.hpp"
#include "engine/worker_pool.hpp"
#include "hourglass/comm/communicator.hpp"

namespace hourglass {

/// Sums gradients of low rank (PowerSGD: Vogels, Karimireddy, Jaggi, "PowerSGD: practical low-rank
/// gradient compression for distributed optimization", NeurIPS 2019). For each weight of m x n with
/// 2 R (m + n) <= m n, one step of a power iteration, started from the previous step's Q (n x R):
///
///   D_s = G_s + E_s          for each leaf s: its gradient and what was lost of earlier ones
///   P   = sum_s D_s Q        (m x R) along the leaf tree, then orthonormalised by columns
///   Q   = sum_s D_s^T P      (n x R) along the leaf tree
///   gradient = P Q^T,        E_s = D_s - P Q_s^T  with  Q_s = D_s^T P
///
/// P and Q take the tree of core/tree_sum.hpp in fp32 and are completed on every rank; all else are
/// products of fixed shapes that belong to a leaf or are computed alike on every rank. So the bits
/// depend on neither ranks nor threads. Other tensors (biases, small weights) are summed exactly as
/// they are. Every rank has the whole gradient and updates everything: owned(b) is bucket b, of
/// which there is one, and nothing is gathered.
///
/// A leaf's products need its own gradient, so a rank holds two arenas per leaf: D_s and E_s. E_s
/// belongs to the leaf, not to a rank, and is part of the checkpoint, as is Q.
class PowerSgdReducer final : public Reducer {
 public:
  /// `layout` and `pool` outlive the reducer. Collective.
  PowerSgdReducer(const Communicator& communicator, const ReducerSettings& settings,
                  const Layout& layout, Index rank, WorkerPool& pool);

  [[nodiscard]] std::span<const Range> buckets() const override { return buckets_; }
  [[nodiscard]] Range owned(Index bucket) const override {
    return buckets_.at(static_cast<std::size_t>(bucket));
  }
  /// `parts`: the gradient of each leaf of this rank.
  void start_reduce(Index bucket, std::span<const BucketPart> parts) override;
  void progress() override {}
  /// Does all of the work: the leaves' gradients are complete only at the end of a pass.
  void wait_reduce(Index bucket) override;
  void start_gather(Index bucket) override;
  void finish() override;
  [[nodiscard]] Index bytes() const override;

  /// Q and the leaves' losses E as a checkpoint holds them; `tensors` names the arena's tensors.
  [[nodiscard]] std::vector<StoredArena> stored(std::span<const StoredTensor> tensors) const;
  /// Reads them again. Throws the same Error on every rank. Collective.
  void load(const StateFile& file);

 private:
  /// A weight that is exchanged as two factors. Both are stored transposed, R x m and R x n, so
  /// that the vectors of the power iteration are contiguous.
  struct Factors {
    Index offset = 0;  ///< of the weight in the arena
    Index rows = 0;
    Index columns = 0;
    Index left = 0;   ///< of P^T in the first arena
    Index right = 0;  ///< of Q^T in the second
  };
  /// A tensor that is exchanged as it is.
  struct Copy {
    Range arena;
    Index left = 0;  ///< its place in the first arena
  };
  /// One of the two small arenas that take the tree.
  struct Exchange {
    Buffer<float> total;   ///< complete on every rank after exchange()
    Buffer<float> leaves;  ///< one arena after the other
    std::unique_ptr<Reducer> reducer;
    [[nodiscard]] float* leaf(Index leaf) { return leaves.data() + leaf * total.size(); }
  };

  [[nodiscard]] Index leaf_count() const { return leaves_.size(); }
  /// Where the losses of this rank's leaves lie among those of all.
  [[nodiscard]] Range lost_range_of_rank() const {
    return {leaves_.begin * arena_floats_, leaves_.end * arena_floats_};
  }
  [[nodiscard]] float* lost(Index leaf) { return lost_.data() + leaf * arena_floats_; }
  void make_exchange(Exchange& exchange, Index floats);
  void reset_factors();
  void project();
  void back_project();
  void sum_over_leaves(Exchange& exchange);
  void reconstruct();
  void scale_factors();
  void fill_random(const Factors& factors, Index vector);

  Communicator communicator_;
  ReducerSettings settings_;
  WorkerPool& pool_;
  Index rank_;
  Index arena_floats_;
  Range leaves_;
  std::vector<Range> nodes_;  // of leaves_, the largest
  CounterRandom random_;
  std::vector<Range> buckets_;
  std::vector<Factors> factors_;
  std::vector<Copy> copies_;
  Exchange left_;
  Exchange right_;
  Buffer<float> lost_;                   // -E of this rank's leaves, one arena after the other
  std::vector<const float*> gradients_;  // by leaf, of the present step
  std::vector<PartialSum> terms_;        // reused
  std::vector<BucketPart> parts_;        // reused
  bool started_ = false;
  bool reduced_ = false;
};

}  // namespace hourglass
