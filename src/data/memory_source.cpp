#include <algorithm>
#include <optional>
#include <utility>

#include "core/buffer.hpp"
#include "data/finite_rows.hpp"
#include "data/sample_source.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

Range rows_of(const SampleSourceSettings& settings) {
  return {settings.plan.shard_rows(settings.shards.begin).begin,
          settings.plan.shard_rows(settings.shards.end - 1).end};
}

class MemorySource final : public SampleSource {
 public:
  MemorySource(Buffer<std::byte> samples, ElementType type, Index features,
               const SampleSourceSettings& settings)
      : settings_(settings),
        type_(type),
        row_bytes_(features * size_of(type)),
        features_(features),
        rows_(rows_of(settings)),
        samples_(std::move(samples)),
        order_(rows_.size()) {
    require(samples_.size() == rows_.size() * row_bytes_, "rows that are not the shards'");
  }

  void begin_epoch(std::uint32_t epoch, Index /*first_step*/) override {
    if (epoch_ == epoch) return;
    epoch_ = epoch;
    for (Index shard = settings_.shards.begin; shard < settings_.shards.end; ++shard) {
      const Range rows = settings_.plan.shard_rows(shard);
      ShardOrder(settings_.shuffle, shard, rows, epoch)
          .rows(order_.span().subspan(static_cast<std::size_t>(rows.begin - rows_.begin),
                                      static_cast<std::size_t>(rows.size())));
    }
  }

  void gather(Index shard, Index step, Matrix x, std::span<std::uint64_t> ids) override {
    const Range positions = settings_.plan.positions(shard, step);
    require(epoch_.has_value(), "gather before the first epoch began");
    require(settings_.shards.begin <= shard && shard < settings_.shards.end,
            "a shard of another rank was asked for");
    require(x.rows == positions.size() && x.columns == features_ &&
                static_cast<Index>(ids.size()) == x.rows,
            "gather into a matrix of another shape than the micro-batch");
    const Index* order =
        order_.data() + (settings_.plan.shard_rows(shard).begin - rows_.begin) + positions.begin;
    for (Index i = 0; i < x.rows; ++i) {
      const Index row = order[i];
      convert_row(type_, samples_.data() + byte_offset(row), settings_.transform, x.row(i));
      ids[static_cast<std::size_t>(i)] = static_cast<std::uint64_t>(row);
    }
  }

  [[nodiscard]] double wait_seconds() const override { return 0; }
  [[nodiscard]] Index bytes() const override {
    return samples_.size() + order_.size() * static_cast<Index>(sizeof(Index));
  }

 private:
  [[nodiscard]] std::size_t byte_offset(Index row) const {
    return static_cast<std::size_t>((row - rows_.begin) * row_bytes_);
  }

  SampleSourceSettings settings_;
  ElementType type_;
  Index row_bytes_;
  Index features_;
  Range rows_;
  Buffer<std::byte> samples_;
  Buffer<Index> order_;  // data-set rows by shard and position
  std::optional<std::uint32_t> epoch_;
};

}  // namespace

std::unique_ptr<SampleSource> make_memory_source(const DatasetReader& reader,
                                                 const SampleSourceSettings& settings) {
  require(settings.shards.size() >= 1, "a rank without shards");
  const DatasetInfo& info = reader.info();
  require(settings.plan.samples() == info.rows(), "the shard plan is of another data set");
  const Range rows = rows_of(settings);
  Buffer<std::byte> samples(rows.size() * info.row_bytes());
  const Index step = rows_a_read(info);
  for (Index row = rows.begin; row < rows.end; row += step) {
    const Range read{row, std::min(row + step, rows.end)};
    const auto offset = static_cast<std::size_t>((read.begin - rows.begin) * info.row_bytes());
    read_finite_rows(
        reader, read,
        samples.span().subspan(offset, static_cast<std::size_t>(read.size() * info.row_bytes())),
        settings.transform.missing);
  }
  return make_held_source(std::move(samples), info.type, info.features(), settings);
}

std::unique_ptr<SampleSource> make_held_source(Buffer<std::byte> rows, ElementType type,
                                               Index features,
                                               const SampleSourceSettings& settings) {
  require(settings.shards.size() >= 1, "a rank without shards");
  return std::make_unique<MemorySource>(std::move(rows), type, features, settings);
}

Index memory_bytes(const DatasetInfo& info, const SampleSourceSettings& settings) {
  return rows_of(settings).size() * (info.row_bytes() + static_cast<Index>(sizeof(Index)));
}

}  // namespace hourglass
