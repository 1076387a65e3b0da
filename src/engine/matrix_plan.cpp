#include "engine/matrix_plan.hpp"

#include <algorithm>
#include <numeric>

#include "nn/kronecker_factors.hpp"

namespace hourglass {

namespace {

// The positions of `costs`, the largest first, equal ones in their order.
std::vector<std::size_t> by_size(std::span<const double> costs) {
  std::vector<std::size_t> order(costs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::ranges::greater(), [&](std::size_t i) { return costs[i]; });
  return order;
}

// A worker for each of the costs.
std::vector<Index> balance(std::span<const double> costs, Index workers) {
  std::vector<double> load(static_cast<std::size_t>(workers), 0.0);
  std::vector<Index> result(costs.size());
  for (const std::size_t i : by_size(costs)) {
    const auto least = std::ranges::min_element(load);
    *least += costs[i];
    result[i] = least - load.begin();
  }
  return result;
}

void add_matrix(const Tensor& tensor, Slot slot, const MatrixRule& rule, MatrixPlan& plan) {
  const Index rows = tensor.shape.front();
  const Index columns = tensor.size / rows;
  const Index down = block_parts(rows, rule.largest_side());
  const Index across = block_parts(columns, rule.largest_side());
  for (Index i = 0; i < down; ++i) {
    const Range band = even_part(rows, down, i);
    plan.bands.push_back(
        {slot,
         band,
         {tensor.offset + band.begin * columns, tensor.offset + band.end * columns},
         0});
    for (Index j = 0; j < across; ++j) {
      MatrixBlock block;
      block.band = plan.bands.size() - 1;
      block.rows = band;
      block.columns = even_part(columns, across, j);
      block.number = i * across + j;
      block.row_of_blocks = i;
      block.column_of_blocks = j;
      block.flops = rule.flops(block.rows.size(), block.columns.size());
      plan.blocks.push_back(block);
    }
  }
}

void set_turns(Index interval, std::span<const double> costs, std::vector<MatrixBlock>& blocks) {
  const auto count = static_cast<Index>(blocks.size());
  const Index group = std::max<Index>(2, (count + interval - 1) / interval);
  const Index groups = (count + group - 1) / group;
  Index place = 0;
  for (const std::size_t i : by_size(costs)) {
    blocks[i].turn = place / group * interval / groups;
    ++place;
  }
}

}  // namespace

MatrixPlan plan_matrices(const Layout& layout, std::span<const TensorGroup> groups,
                         const MatrixRule& rule, int ranks, Index workers) {
  MatrixPlan plan;
  for (const TensorGroup& group : groups) {
    if (group.matrix) add_matrix(layout.tensor(group.slot), group.slot, rule, plan);
  }
  if (plan.blocks.empty()) return plan;
  std::vector<double> block_costs;
  std::vector<double> band_costs(plan.bands.size(), 0.0);
  for (const MatrixBlock& block : plan.blocks) {
    block_costs.push_back(block.flops);
    band_costs[block.band] += block.flops;
  }
  set_turns(rule.interval(), block_costs, plan.blocks);
  const std::vector<Index> rank_of = balance(band_costs, ranks);
  for (std::size_t b = 0; b < plan.bands.size(); ++b)
    plan.bands[b].rank = static_cast<int>(rank_of[b]);
  for (int rank = 0; rank < ranks; ++rank) {
    std::vector<std::size_t> own;
    std::vector<double> costs;
    for (std::size_t b = 0; b < plan.blocks.size(); ++b) {
      if (plan.bands[plan.blocks[b].band].rank != rank) continue;
      own.push_back(b);
      costs.push_back(block_costs[b]);
    }
    const std::vector<Index> worker_of = balance(costs, workers);
    for (std::size_t i = 0; i < own.size(); ++i) plan.blocks[own[i]].worker = worker_of[i];
  }
  return plan;
}

}  // namespace hourglass
