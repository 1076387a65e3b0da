#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/buffer.hpp"
#include "core/sparse_rows.hpp"
#include "data/normalization.hpp"
#include "data/shard_order.hpp"
#include "data/shard_plan.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/core/matrix_view.hpp"

namespace hourglass {

/// One rank's shards of the training data, delivered micro-batch by micro-batch in the epoch's
/// order. Both implementations (in memory, streamed) give the same bits.
class SampleSource {
 public:
  virtual ~SampleSource() = default;

  /// Positions the source at step `first_step` of `epoch`. Main thread, before any gather of that
  /// epoch and with none running.
  virtual void begin_epoch(std::uint32_t epoch, Index first_step) = 0;

  /// Fills x (positions(shard, step).size() rows x D) with normalised samples and `ids` (one per
  /// row) with their data-set rows. Workers may call it concurrently for different shards; for one
  /// shard, steps come in order, without gaps. Throws Error(data) for NaN or infinity in the data
  /// (naming the row) and Error(io) when reading failed.
  virtual void gather(Index shard, Index step, Matrix x, std::span<std::uint64_t> ids) = 0;

  /// Whether the rows are held without their zeros, and gather_sparse costs no more than what is
  /// left of them. False where the conversion makes other numbers of zeros.
  [[nodiscard]] virtual bool sparse() const { return false; }
  /// The micro-batch that gather delivers without its zeros: appends ids.size() rows to `rows`,
  /// which has been cleared with the number of features. One of both is called for a step. Any
  /// source can do it; one that is not sparse() makes the rows of dense ones. Throws as gather.
  virtual void gather_sparse(Index shard, Index step, SparseBatch& rows,
                             std::span<std::uint64_t> ids);

  /// Seconds that gather calls of this rank, summed over its workers, have waited for the storage
  /// so far (0 in memory).
  [[nodiscard]] virtual double wait_seconds() const = 0;
  /// The weight of each row of the data set, 1 on average; empty: all 1.
  [[nodiscard]] virtual std::span<const float> weights() const { return {}; }
  /// The categories of each row of the data set (PassContext::conditions); empty: no conditions.
  [[nodiscard]] virtual std::span<const std::int32_t> conditions() const { return {}; }
  /// Bytes held for samples and their order: what the memory prediction counts.
  [[nodiscard]] virtual Index bytes() const = 0;
};

/// The settings of both kinds of source.
struct SampleSourceSettings {
  ShardPlan plan;  ///< of all the reader's rows
  Range shards;    ///< this rank's, at least one
  ShuffleSettings shuffle;
  InputTransform transform;
  std::span<const float> weights;  ///< see SampleSource::weights(); outlives the source
  std::span<const std::int32_t> conditions = {};  ///< likewise
};

/// Reads the rank's rows once, in the storage type. Throws Error(data) for NaN or infinity (naming
/// the row) and as DatasetReader::read_rows.
[[nodiscard]] std::unique_ptr<SampleSource> make_memory_source(
    const DatasetReader& reader, const SampleSourceSettings& settings);
/// The same from rows that are in memory already: the rows of the rank's shards, `features` finite
/// numbers each; their ids are their row numbers in the plan.
[[nodiscard]] std::unique_ptr<SampleSource> make_held_source(Buffer<std::byte> rows,
                                                             ElementType type, Index features,
                                                             const SampleSourceSettings& settings);
/// Keeps two windows per shard and reads ahead on a thread of its own, which ends with the source.
/// A window is read in file order, neighbouring blocks in one read, so that a compressed chunk is
/// unpacked at most once for each window that has rows of it: a shuffle block as large as the
/// file's chunks avoids unpacking chunks several times an epoch.
[[nodiscard]] std::unique_ptr<SampleSource> make_streaming_source(
    DatasetReader reader, const SampleSourceSettings& settings);

/// bytes() of make_memory_source's result, before it is made.
[[nodiscard]] Index memory_bytes(const DatasetInfo& info, const SampleSourceSettings& settings);
/// bytes() of make_streaming_source's result, before it is made: two windows of each shard.
[[nodiscard]] Index streaming_bytes(const DatasetInfo& info, const SampleSourceSettings& settings);

}  // namespace hourglass
