#pragma once

#include <functional>
#include <span>
#include <vector>

#include "data/normalization.hpp"
#include "engine/worker_pool.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/comm/communicator.hpp"

namespace hourglass {

/// The samples that a principal component analysis passes over, and who does it.
struct PcaData {
  const Communicator& communicator;
  const DatasetReader& reader;
  const InputTransform& transform;
  WorkerPool& pool;

  [[nodiscard]] Index rows() const { return reader.info().rows(); }
  [[nodiscard]] Index features() const { return reader.info().features(); }
};

/// Rows that enter one matrix product: 512, fewer where a row is long.
[[nodiscard]] Index pca_block_rows(Index features);
/// Parts into which rows are cut; they depend on the number of rows alone.
constexpr Index pca_parts = 16;

/// Calls visit(block, count) for the blocks of `rows` in order: count x D in double, normalised.
void for_each_pca_block(const PcaData& data, Range rows,
                        const std::function<void(std::span<double> block, Index count)>& visit);

/// Runs work(part, sum) for the parts 0..parts-1, shared among the ranks and their workers, each
/// with a `sum` of `size` zeros, and adds the sums in the order of their numbers: the bits depend
/// on neither ranks nor workers. The result is on every rank. Rank 0 holds one sum and one part per
/// worker, the others all their parts.
[[nodiscard]] std::vector<double> fold_parts(
    const PcaData& data, Index parts, Index size,
    const std::function<void(Index part, std::span<double> sum)>& work);
/// Doubles that fold_parts holds on the rank that needs the most.
[[nodiscard]] Index fold_doubles(Index parts, Index size, int ranks, Index workers);

/// The mean of each feature.
[[nodiscard]] std::vector<double> feature_means(const PcaData& data);
/// Subtracts `mean` from each of `count` rows.
void subtract_mean(std::span<double> block, Index count, std::span<const double> mean);

}  // namespace hourglass
