#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "core/buffer.hpp"
#include "data/finite_rows.hpp"
#include "data/sample_source.hpp"
#include "data/sparse_conversion.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

Range rows_of(const SampleSourceSettings& settings) {
  return {settings.plan.shard_rows(settings.shards.begin).begin,
          settings.plan.shard_rows(settings.shards.end - 1).end};
}

// Of the steps that some rows, perhaps none, are made of.
Index bytes_of(const RowSteps& steps, Range rows, Index step_bytes) {
  return rows.empty() ? 0 : steps.of(rows).size() * step_bytes;
}

/// The rank's rows in the order of an epoch.
class EpochRows {
 public:
  explicit EpochRows(const SampleSourceSettings& settings)
      : settings_(settings), rows_(rows_of(settings)), order_(rows_.size()) {}

  void begin_epoch(std::uint32_t epoch) {
    if (epoch_ == epoch) return;
    epoch_ = epoch;
    for (Index shard = settings_.shards.begin; shard < settings_.shards.end; ++shard) {
      const Range rows = settings_.plan.shard_rows(shard);
      ShardOrder(settings_.shuffle, shard, rows, epoch)
          .rows(order_.span().subspan(static_cast<std::size_t>(rows.begin - rows_.begin),
                                      static_cast<std::size_t>(rows.size())));
    }
  }

  /// The data-set rows of a micro-batch, which become its `ids` too.
  [[nodiscard]] std::span<const Index> of_step(Index shard, Index step,
                                               std::span<std::uint64_t> ids) const {
    const Range positions = settings_.plan.positions(shard, step);
    require(epoch_.has_value(), "gather before the first epoch began");
    require(settings_.shards.begin <= shard && shard < settings_.shards.end,
            "a shard of another rank was asked for");
    require(static_cast<Index>(ids.size()) == positions.size(),
            "gather of another number of rows than the micro-batch has");
    const auto first = static_cast<std::size_t>(settings_.plan.shard_rows(shard).begin -
                                                rows_.begin + positions.begin);
    const auto rows = order_.span().subspan(first, ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::uint64_t>(rows[i]);
    return rows;
  }

  [[nodiscard]] const SampleSourceSettings& settings() const { return settings_; }
  [[nodiscard]] Range all() const { return rows_; }
  [[nodiscard]] Index bytes() const { return order_.size() * static_cast<Index>(sizeof(Index)); }

 private:
  SampleSourceSettings settings_;
  Range rows_;
  Buffer<Index> order_;  // data-set rows by shard and position
  std::optional<std::uint32_t> epoch_;
};

void require_shape(ConstMatrix x, Index features, std::span<const std::uint64_t> ids) {
  require(x.columns == features && static_cast<Index>(ids.size()) == x.rows,
          "gather into a matrix of another shape than the micro-batch");
}

class MemorySource final : public SampleSource {
 public:
  MemorySource(Buffer<std::byte> samples, ElementType type, Index features, RowSteps steps,
               const SampleSourceSettings& settings)
      : rows_(settings),
        type_(type),
        step_bytes_(features * size_of(type) / steps.length()),
        features_(features),
        steps_(std::move(steps)),
        samples_(std::move(samples)) {
    require(samples_.size() == bytes_of(steps_, rows_.all(), step_bytes_),
            "rows that are not the shards'");
  }

  void begin_epoch(std::uint32_t epoch, Index /*first_step*/) override { rows_.begin_epoch(epoch); }

  void gather(Index shard, Index step, Matrix x, std::span<std::uint64_t> ids) override {
    require_shape(x, features_, ids);
    Index i = 0;
    for (const Index row : rows_.of_step(shard, step, ids)) {
      convert_row(type_, samples_.data() + byte_offset(row), rows_.settings().transform, x.row(i));
      ++i;
    }
  }

  [[nodiscard]] double wait_seconds() const override { return 0; }
  [[nodiscard]] std::span<const float> weights() const override { return rows_.settings().weights; }
  [[nodiscard]] std::span<const std::int32_t> conditions() const override {
    return rows_.settings().conditions;
  }
  [[nodiscard]] Index bytes() const override { return samples_.size() + rows_.bytes(); }

 private:
  [[nodiscard]] std::size_t byte_offset(Index row) const {
    return static_cast<std::size_t>((steps_.first(row) - steps_.first(rows_.all().begin)) *
                                    step_bytes_);
  }

  EpochRows rows_;
  ElementType type_;
  Index step_bytes_;
  Index features_;
  RowSteps steps_;
  Buffer<std::byte> samples_;
};

/// Rows without their zeros.
class SparseMemorySource final : public SampleSource {
 public:
  SparseMemorySource(CompressedRows samples, ElementType type, Index features,
                     const SampleSourceSettings& settings)
      : rows_(settings), features_(features), samples_(std::move(samples)) {
    require(samples_.rows() == rows_.all().size(), "rows that are not the shards'");
    for (Index shard = 0; shard < settings.shards.size(); ++shard)
      conversions_.emplace_back(type, features, rows_.settings().transform);
  }

  void begin_epoch(std::uint32_t epoch, Index /*first_step*/) override { rows_.begin_epoch(epoch); }

  void gather(Index shard, Index step, Matrix x, std::span<std::uint64_t> ids) override {
    require_shape(x, features_, ids);
    Index i = 0;
    for (const Index row : rows_.of_step(shard, step, ids)) {
      const Index held = row - rows_.all().begin;
      conversion(shard).convert(samples_.columns_of(held), samples_.values_of(held).data(),
                                x.row(i));
      ++i;
    }
  }

  [[nodiscard]] bool sparse() const override { return conversions_.front().keeps_zeros(); }
  void gather_sparse(Index shard, Index step, SparseBatch& rows,
                     std::span<std::uint64_t> ids) override {
    for (const Index row : rows_.of_step(shard, step, ids)) {
      const Index held = row - rows_.all().begin;
      conversion(shard).append(samples_.columns_of(held), samples_.values_of(held).data(), rows);
    }
  }

  [[nodiscard]] double wait_seconds() const override { return 0; }
  [[nodiscard]] std::span<const float> weights() const override { return rows_.settings().weights; }
  [[nodiscard]] std::span<const std::int32_t> conditions() const override {
    return rows_.settings().conditions;
  }
  [[nodiscard]] Index bytes() const override {
    return compressed_bytes(samples_.rows(), samples_.entries(),
                            static_cast<Index>(samples_.value_bytes)) +
           rows_.bytes();
  }

 private:
  SparseConversion& conversion(Index shard) {
    return conversions_[static_cast<std::size_t>(shard - rows_.settings().shards.begin)];
  }

  EpochRows rows_;
  Index features_;
  CompressedRows samples_;
  std::vector<SparseConversion> conversions_;  // of each shard
};

std::unique_ptr<SampleSource> make_sparse_source(const DatasetReader& reader, Range rows,
                                                 const SampleSourceSettings& settings) {
  const DatasetInfo& info = reader.info();
  CompressedRows samples;
  samples.value_bytes = static_cast<std::size_t>(size_of(info.type));
  samples.reserve(rows.size(), info.entries.count(rows));
  const Index most = entries_a_read(info);
  for (Range read{rows.begin, rows.begin}; read.begin < rows.end; read.begin = read.end) {
    ++read.end;
    while (read.end < rows.end && info.entries.count({read.begin, read.end + 1}) <= most)
      ++read.end;
    read_finite_sparse(reader, {&read, 1}, samples, settings.transform.missing);
  }
  return std::make_unique<SparseMemorySource>(std::move(samples), info.type, info.features(),
                                              settings);
}

}  // namespace

std::unique_ptr<SampleSource> make_memory_source(const DatasetReader& reader,
                                                 const SampleSourceSettings& settings) {
  require(settings.shards.size() >= 1, "a rank without shards");
  const DatasetInfo& info = reader.info();
  require(settings.plan.samples() == info.rows(), "the shard plan is of another data set");
  const Range rows = rows_of(settings);
  if (holds_sparse(info, settings.transform)) return make_sparse_source(reader, rows, settings);
  const Range steps = rows.empty() ? Range{} : info.steps.of(rows);
  Buffer<std::byte> samples(steps.size() * info.step_bytes());
  const Index most = steps_a_read(info);
  for (Index step = steps.begin; step < steps.end; step += most) {
    const Range read{step, std::min(step + most, steps.end)};
    const auto offset = static_cast<std::size_t>((read.begin - steps.begin) * info.step_bytes());
    read_finite_steps(
        reader, {&read, 1},
        samples.span().subspan(offset, static_cast<std::size_t>(read.size() * info.step_bytes())),
        settings.transform.missing);
  }
  return std::make_unique<MemorySource>(std::move(samples), info.type, info.features(), info.steps,
                                        settings);
}

std::unique_ptr<SampleSource> make_held_source(Buffer<std::byte> rows, ElementType type,
                                               Index features,
                                               const SampleSourceSettings& settings) {
  require(settings.shards.size() >= 1, "a rank without shards");
  return std::make_unique<MemorySource>(std::move(rows), type, features, RowSteps{}, settings);
}

Index memory_bytes(const DatasetInfo& info, const SampleSourceSettings& settings) {
  const Range rows = rows_of(settings);
  if (holds_sparse(info, settings.transform)) {
    return compressed_bytes(rows.size(), info.entries.count(rows), size_of(info.type)) +
           rows.size() * static_cast<Index>(sizeof(Index));
  }
  return bytes_of(info.steps, rows, info.step_bytes()) +
         rows.size() * static_cast<Index>(sizeof(Index));
}

}  // namespace hourglass
