#include "nn/kronecker_factors.hpp"

#include <algorithm>

#include "hourglass/core/error.hpp"
#include "math/symmetric.hpp"

namespace hourglass {

Index block_parts(Index size, Index largest_side) {
  return largest_side == 0 ? 1 : (size + largest_side - 1) / largest_side;
}

void FactorLayout::add(Slot weight, const std::string& name, Index rows, Index columns,
                       Index largest_side) {
  require(factors_.empty() || factors_.back().weight < weight, "factors in another order");
  const auto blocks = [&](const char* side, Index units) {
    std::vector<Block> result;
    const Index parts = block_parts(units, largest_side);
    for (Index i = 0; i < parts; ++i) {
      const Range part = even_part(units, parts, i);
      result.push_back(
          {part, layout_.add(name + side + std::to_string(i), {part.size(), part.size()})});
    }
    return result;
  };
  Factors factors;
  factors.weight = weight;
  factors.left = blocks("/left-", rows);
  factors.right = blocks("/right-", columns);
  factors_.push_back(std::move(factors));
}

const FactorLayout::Factors* FactorLayout::find(Slot weight) const {
  const auto found = std::ranges::lower_bound(factors_, weight, {}, &Factors::weight);
  return found == factors_.end() || found->weight != weight ? nullptr : &*found;
}

void sum_factor(const PassContext& context, Slot weight, FactorSide side, FactorRole role,
                ConstMatrix rows, bool add) {
  const FactorLayout::Factors* const factors = context.factors->find(weight);
  if (factors == nullptr) return;
  require(context.batch_samples > 0, "factors of a batch of unknown size");
  const auto samples = static_cast<float>(context.batch_samples);
  const float factor = role == FactorRole::inputs ? 1 / samples : samples;
  for (const FactorLayout::Block& block :
       side == FactorSide::left ? factors->left : factors->right) {
    const Index units = block.units.size();
    const PhaseSpan span(context.recorder, Phase::statistics, 0,
                         static_cast<double>(rows.rows) * static_cast<double>(units * units));
    upper_symmetric_product(
        true, factor, {rows.data + block.units.begin, rows.rows, units, rows.stride}, add ? 1 : 0,
        {context.factor_sums + context.factors->layout().tensor(block.slot).offset, units, units});
  }
}

}  // namespace hourglass
