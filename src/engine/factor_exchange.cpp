#include "engine/factor_exchange.hpp"

#include <algorithm>
#include <set>

#include "hourglass/core/error.hpp"

namespace hourglass {

Index FactorSteps::count(Index step) const {
  const auto within_epoch = [this](Index steps) { return (steps + interval - 1) / interval; };
  if (per_epoch == 0) return within_epoch(step);
  return step / per_epoch * within_epoch(per_epoch) + within_epoch(step % per_epoch);
}

FactorExchange::FactorExchange(const Communicator& communicator, FactorLayout layout,
                               const FactorSteps& steps, Index leaves, Index bucket_bytes)
    : communicator_(communicator),
      layout_(std::move(layout)),
      steps_(steps),
      arena_(layout_.size()) {
  ReducerSettings settings;
  settings.leaves = leaves;
  settings.bucket_bytes = bucket_bytes;
  settings.sum = arena_.span();
  // Nothing is gathered.
  settings.parameters = arena_.span();
  reducer_ = make_tree_reducer(communicator_, settings);
  for (std::size_t b = 0; b < reducer_->buckets().size(); ++b)
    owned_.push_back(reducer_->owned(static_cast<Index>(b)));
}

void FactorExchange::plan_receivers(std::span<const MatrixBand> bands) {
  // Bands of one rank share the right factor, and blocks of one row the left one.
  std::set<std::pair<Index, int>> seen;
  const auto add = [&](const FactorLayout::Block& block, int rank) {
    const Range floats = layout_.layout().range(block.slot);
    if (!seen.emplace(floats.begin, rank).second) return;
    receivers_.push_back({block.slot, {}, floats, rank});
  };
  for (const MatrixBand& band : bands) {
    const FactorLayout::Factors* const factors = layout_.find(band.slot);
    require(factors != nullptr, "a matrix without factors");
    const auto left = std::ranges::find(factors->left, band.rows, &FactorLayout::Block::units);
    require(left != factors->left.end(), "a band that is no block of its factor");
    add(*left, band.rank);
    for (const FactorLayout::Block& block : factors->right) add(block, band.rank);
  }
  bands_ = std::make_unique<BandExchange>(communicator_, owned_, receivers_, false, arena_.span());
}

void FactorExchange::set_sums(std::span<const BucketPart> nodes) {
  nodes_.assign(nodes.begin(), nodes.end());
  has_sums_ = true;
}

void FactorExchange::reduce() {
  require(has_sums_ && bands_ != nullptr, "adding factors that were not computed");
  const std::span<const Range> buckets = reducer_->buckets();
  for (std::size_t b = 0; b < buckets.size(); ++b) {
    parts_.clear();
    for (const BucketPart& node : nodes_)
      parts_.push_back({node.node, node.data + buckets[b].begin});
    reducer_->start_reduce(static_cast<Index>(b), parts_);
  }
  for (std::size_t b = 0; b < buckets.size(); ++b) reducer_->wait_reduce(static_cast<Index>(b));
  reducer_->finish();
  bands_->start_collect();
  for (Request& request : bands_->collecting()) request.wait();
}

ConstMatrix FactorExchange::view(const FactorLayout::Block& block) const {
  const Index units = block.units.size();
  return {arena_.data() + layout_.layout().tensor(block.slot).offset, units, units};
}

std::pair<ConstMatrix, ConstMatrix> FactorExchange::factors(Slot weight, Index left,
                                                            Index right) const {
  const FactorLayout::Factors* const factors = layout_.find(weight);
  require(factors != nullptr, "a matrix without factors");
  return {view(factors->left[static_cast<std::size_t>(left)]),
          view(factors->right[static_cast<std::size_t>(right)])};
}

Index FactorExchange::bytes() const {
  return arena_.size() * static_cast<Index>(sizeof(float)) + reducer_->bytes();
}

}  // namespace hourglass
