#include "data/sample_source.hpp"

#include "hourglass/core/owned_matrix.hpp"

namespace hourglass {

void SampleSource::gather_sparse(Index shard, Index step, SparseBatch& rows,
                                 std::span<std::uint64_t> ids) {
  OwnedMatrix dense(static_cast<Index>(ids.size()), rows.view().width);
  gather(shard, step, dense.view(), ids);
  append_rows(dense.view(), rows);
}

}  // namespace hourglass
