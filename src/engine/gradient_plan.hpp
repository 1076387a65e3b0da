#pragma once

#include <span>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// How the workers of a rank add the gradients of its micro-batches along the leaf tree
/// (core/tree_sum.hpp): which buffers they need, and which additions follow each leaf. A leaf is a
/// shard, or its micro-batch in the step. Pure arithmetic, known before the first step.
///
/// Each worker owns contiguous leaves and processes them in order. After a leaf it completes the
/// nodes that end with this leaf, like the carry chain of a binary counter, so it holds O(log S)
/// arena-sized buffers at a time. What is left are the maximal nodes inside the worker's leaves;
/// the workers' nodes are then added to the rank's maximal nodes, which the exchange takes.
class GradientPlan {
 public:
  /// A node of the tree and the buffer that holds its sum.
  struct Term {
    Range node;
    Index buffer = 0;
  };
  /// The addition after a leaf: the terms, left to right and the leaf last, become the sum of
  /// `node` in the first term's buffer. A single term is the leaf itself: nothing to add.
  struct Merge {
    Range node;
    std::vector<Term> terms;
    [[nodiscard]] Index leaf_buffer() const { return terms.back().buffer; }
  };
  struct Worker {
    Range leaves;
    std::vector<Merge> merges;   ///< by leaf
    std::vector<Term> finished;  ///< after the last leaf
    Index buffers = 0;           ///< numbered from 0
  };
  /// A term that a worker has finished.
  struct WorkerTerm {
    Index worker = 0;
    Term term;
  };
  /// A maximal node of the rank, or a leaf that is kept; its sum is made in the first term's
  /// buffer.
  struct RankNode {
    Range node;
    std::vector<WorkerTerm> terms;
  };

  /// `leaves`: S, of all ranks. `own`: this rank's, at least one. `workers`: at most so many share
  /// them; a worker has at least one leaf. With `keeps_leaves` nothing is added: each leaf has a
  /// buffer of its own and is handed over as it is, for exchanges that compress leaves.
  GradientPlan(Index leaves, Range own, Index workers, bool keeps_leaves = false);

  [[nodiscard]] std::span<const Worker> workers() const { return workers_; }
  [[nodiscard]] std::span<const RankNode> rank_nodes() const { return rank_nodes_; }
  /// The most terms of any addition.
  [[nodiscard]] std::size_t most_terms() const;

 private:
  std::vector<Worker> workers_;
  std::vector<RankNode> rank_nodes_;
};

}  // namespace hourglass
