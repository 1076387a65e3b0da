#include "engine/gradient_plan.hpp"

#include <algorithm>

#include "core/tree_sum.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

bool inside(Range inner, Range outer) {
  return outer.begin <= inner.begin && inner.end <= outer.end;
}

GradientPlan::Worker plan_worker(Range leaves, Index all_leaves) {
  GradientPlan::Worker worker{leaves, {}, {}, 0};
  std::vector<GradientPlan::Term> pending;
  std::vector<Index> free_buffers;
  for (Index leaf = leaves.begin; leaf < leaves.end; ++leaf) {
    if (free_buffers.empty()) free_buffers.push_back(worker.buffers++);
    pending.push_back({{leaf, leaf + 1}, free_buffers.back()});
    free_buffers.pop_back();
    GradientPlan::Merge merge;
    // The largest node that ends with this leaf and lies inside the worker's leaves.
    merge.node = maximal_nodes({leaves.begin, leaf + 1}, all_leaves).back();
    const auto first = std::ranges::find_if(
        pending, [&](const GradientPlan::Term& term) { return inside(term.node, merge.node); });
    merge.terms.assign(first, pending.end());
    for (auto term = first + 1; term != pending.end(); ++term) free_buffers.push_back(term->buffer);
    first->node = merge.node;
    pending.erase(first + 1, pending.end());
    worker.merges.push_back(std::move(merge));
  }
  worker.finished = std::move(pending);
  return worker;
}

GradientPlan::Worker plan_kept_leaves(Range leaves) {
  GradientPlan::Worker worker{leaves, {}, {}, leaves.size()};
  for (Index leaf = leaves.begin; leaf < leaves.end; ++leaf) {
    const GradientPlan::Term term{{leaf, leaf + 1}, leaf - leaves.begin};
    worker.merges.push_back({term.node, {term}});
    worker.finished.push_back(term);
  }
  return worker;
}

std::vector<Range> single_leaves(Range leaves) {
  std::vector<Range> nodes;
  for (Index leaf = leaves.begin; leaf < leaves.end; ++leaf) nodes.push_back({leaf, leaf + 1});
  return nodes;
}

}  // namespace

GradientPlan::GradientPlan(Index leaves, Range own, Index workers, bool keeps_leaves) {
  require(0 <= own.begin && own.begin < own.end && own.end <= leaves && workers >= 1,
          "a gradient plan without leaves or workers");
  const Index count = std::min(workers, own.size());
  for (Index w = 0; w < count; ++w) {
    const Range part = even_part(own.size(), count, w);
    const Range taken{own.begin + part.begin, own.begin + part.end};
    workers_.push_back(keeps_leaves ? plan_kept_leaves(taken) : plan_worker(taken, leaves));
  }
  for (const Range node : keeps_leaves ? single_leaves(own) : maximal_nodes(own, leaves)) {
    RankNode rank_node{node, {}};
    for (Index w = 0; w < count; ++w) {
      for (const Term& term : workers_[static_cast<std::size_t>(w)].finished) {
        if (inside(term.node, node)) rank_node.terms.push_back({w, term});
      }
    }
    rank_nodes_.push_back(std::move(rank_node));
  }
}

std::size_t GradientPlan::most_terms() const {
  std::size_t most = 0;
  for (const Worker& worker : workers_) {
    for (const Merge& merge : worker.merges) most = std::max(most, merge.terms.size());
  }
  for (const RankNode& node : rank_nodes_) most = std::max(most, node.terms.size());
  return most;
}

}  // namespace hourglass
