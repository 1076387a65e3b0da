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

// Of the steps that some rows, perhaps none, are made of.
Index bytes_of(const RowSteps& steps, Range rows, Index step_bytes) {
  return rows.empty() ? 0 : steps.of(rows).size() * step_bytes;
}

class MemorySource final : public SampleSource {
 public:
  MemorySource(Buffer<std::byte> samples, ElementType type, Index features, RowSteps steps,
               const SampleSourceSettings& settings)
      : settings_(settings),
        type_(type),
        step_bytes_(features * size_of(type) / steps.length()),
        features_(features),
        rows_(rows_of(settings)),
        steps_(std::move(steps)),
        samples_(std::move(samples)),
        order_(rows_.size()) {
    require(samples_.size() == bytes_of(steps_, rows_, step_bytes_),
            "rows that are not the shards'");
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
  [[nodiscard]] std::span<const float> weights() const override { return settings_.weights; }
  [[nodiscard]] std::span<const std::int32_t> conditions() const override {
    return settings_.conditions;
  }
  [[nodiscard]] Index bytes() const override {
    return samples_.size() + order_.size() * static_cast<Index>(sizeof(Index));
  }

 private:
  [[nodiscard]] std::size_t byte_offset(Index row) const {
    return static_cast<std::size_t>((steps_.first(row) - steps_.first(rows_.begin)) * step_bytes_);
  }

  SampleSourceSettings settings_;
  ElementType type_;
  Index step_bytes_;
  Index features_;
  Range rows_;
  RowSteps steps_;
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
  return bytes_of(info.steps, rows, info.step_bytes()) +
         rows.size() * static_cast<Index>(sizeof(Index));
}

}  // namespace hourglass
