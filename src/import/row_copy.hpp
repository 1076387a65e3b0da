#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "core/range_set.hpp"
#include "hourglass/comm/communicator.hpp"
#include "hourglass/core/types.hpp"
#include "import/row_reader.hpp"

namespace hourglass {

/// The place of one source's rows in the destination.
struct RowTarget {
  Index first = 0;                     ///< row of the data set at which the source begins
  Index multiple = 1;                  ///< of rows at a time
  const RangeSet* finished = nullptr;  ///< of the data set, from an import that was interrupted
  std::function<void(Range rows, std::span<const std::byte> bytes)> write;  ///< by each rank alone
  std::function<void(std::span<const Range> rows)> written;  ///< by all ranks, after each round
};

/// Copies one source: each rank the pieces of its part, a piece a round. `progress` is given the
/// rows of the data set that are done. Collective; throws the same Error on every rank: Error(data)
/// for a number that is not finite and as the reader does.
void copy_rows(const Communicator& communicator, RowReader& reader, const RowTarget& target,
               const std::function<void(Index done)>& progress);

}  // namespace hourglass
