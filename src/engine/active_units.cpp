#include "engine/active_units.hpp"

namespace hourglass {

ActiveUnits::ActiveUnits(const Communicator& communicator, const ActiveRows& rows, Index arena,
                         Index floats, SparseExchange mode)
    : communicator_(communicator), rows_(rows), arena_(arena), floats_(floats), mode_(mode) {}

void ActiveUnits::start(const ActiveRows& own) {
  rows_.clear();
  rows_.add(own);
  if (communicator_.size() > 1) request_ = communicator_.iallreduce_or(rows_.words());
  started_ = true;
  complete_ = false;
}

bool ActiveUnits::test() {
  if (complete_) return true;
  if (!request_.test()) return false;
  complete_ = true;
  sparse_ = mode_ == SparseExchange::always ||
            (mode_ == SparseExchange::automatic && 2 * rows_.floats_in({0, arena_}) <= floats_);
  return true;
}

}  // namespace hourglass
