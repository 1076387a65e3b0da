#include <array>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <new>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/timer.hpp"
#include "data/sample_source.hpp"
#include "data/sparse_conversion.hpp"
#include "data/window_buffer.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr Index none = -1;

/// Number of buffers of a shard: a second one only where there is a second window.
Index buffer_count(const WindowBuffer::Capacity& capacity, Range shard_rows) {
  return shard_rows.empty() ? 0 : (capacity.rows < shard_rows.size() ? 2 : 1);
}

/// One shard's place in the epoch. Window w lives in buffers[w % 2]; a buffer belongs to the
/// prefetch thread until its window is announced in `ready`, then to the gathering worker until
/// that has taken the last row and withdraws the announcement.
struct ShardStream {
  std::optional<ShardOrder> order;
  std::vector<WindowBuffer> buffers;
  std::array<Index, 2> ready = {none, none};
  std::optional<Error> failure;  // why next_window could not be read
  Index next_window = 0;         // to be read
  Index next_position = 0;       // to be gathered
};

class StreamingSource final : public SampleSource {
 public:
  StreamingSource(DatasetReader reader, const SampleSourceSettings& settings)
      : reader_(std::move(reader)),
        settings_(settings),
        holds_sparse_(holds_sparse(reader_.info(), settings.transform)),
        shards_(static_cast<std::size_t>(settings.shards.size())) {
    require(settings.plan.samples() == reader_.info().rows(),
            "the shard plan is of another data set");
    for (Index shard = settings.shards.begin; shard < settings.shards.end; ++shard) {
      const Range rows = settings.plan.shard_rows(shard);
      const WindowBuffer::Capacity capacity(reader_.info(), settings.shuffle, rows, holds_sparse_);
      for (Index i = 0; i < buffer_count(capacity, rows); ++i)
        stream(shard).buffers.emplace_back(capacity);
      if (holds_sparse_)
        conversions_.emplace_back(reader_.info().type, reader_.info().features(),
                                  settings_.transform);
    }
    thread_ = std::jthread([this](const std::stop_token& stop) { prefetch(stop); });
  }

  void begin_epoch(std::uint32_t epoch, Index first_step) override {
    std::unique_lock lock(mutex_);
    repositioning_ = true;
    idle_.wait(lock, [this] { return !reading_; });
    for (Index shard = settings_.shards.begin; shard < settings_.shards.end; ++shard) {
      ShardStream& s = stream(shard);
      s.order.emplace(settings_.shuffle, shard, settings_.plan.shard_rows(shard), epoch);
      s.next_position = settings_.plan.positions(shard, first_step).begin;
      s.next_window = s.next_position < s.order->size() ? s.order->window_of(s.next_position)
                                                        : s.order->window_count();
      s.ready = {none, none};
      s.failure.reset();
    }
    repositioning_ = false;
    work_.notify_one();
  }

  void gather(Index shard, Index step, Matrix x, std::span<std::uint64_t> ids) override {
    require(x.columns == reader_.info().features() && static_cast<Index>(ids.size()) == x.rows,
            "gather into a matrix of another shape than the micro-batch");
    deliver(shard, step, ids, [&](const WindowBuffer& buffer, Index position, Index i) {
      if (holds_sparse_) {
        const CompressedRows& held = buffer.sparse_rows();
        const Index row = buffer.place(position);
        conversion(shard).convert(held.columns_of(row), held.values_of(row).data(), x.row(i));
      } else {
        convert_row(reader_.info().type, buffer.stored(position), settings_.transform, x.row(i));
      }
    });
  }

  [[nodiscard]] bool sparse() const override {
    return holds_sparse_ && conversions_.front().keeps_zeros();
  }
  void gather_sparse(Index shard, Index step, SparseBatch& rows,
                     std::span<std::uint64_t> ids) override {
    if (!holds_sparse_) return SampleSource::gather_sparse(shard, step, rows, ids);
    deliver(shard, step, ids, [&](const WindowBuffer& buffer, Index position, Index) {
      const CompressedRows& held = buffer.sparse_rows();
      const Index row = buffer.place(position);
      conversion(shard).append(held.columns_of(row), held.values_of(row).data(), rows);
    });
  }

  [[nodiscard]] double wait_seconds() const override {
    const std::lock_guard lock(mutex_);
    return wait_seconds_;
  }
  [[nodiscard]] std::span<const float> weights() const override { return settings_.weights; }
  [[nodiscard]] std::span<const std::int32_t> conditions() const override {
    return settings_.conditions;
  }
  [[nodiscard]] Index bytes() const override { return streaming_bytes(reader_.info(), settings_); }

 private:
  [[nodiscard]] ShardStream& stream(Index shard) {
    return shards_[static_cast<std::size_t>(shard - settings_.shards.begin)];
  }

  [[nodiscard]] SparseConversion& conversion(Index shard) {
    return conversions_[static_cast<std::size_t>(shard - settings_.shards.begin)];
  }

  /// Calls take(buffer, position, row of the micro-batch) for each row of a micro-batch.
  template <class Take>
  void deliver(Index shard, Index step, std::span<std::uint64_t> ids, const Take& take) {
    const Range positions = settings_.plan.positions(shard, step);
    require(settings_.shards.begin <= shard && shard < settings_.shards.end,
            "a shard of another rank was asked for");
    require(static_cast<Index>(ids.size()) == positions.size(),
            "gather of another number of rows than the micro-batch has");
    ShardStream& s = stream(shard);
    require(s.order.has_value() && s.next_position == positions.begin,
            "steps gathered out of order");
    while (s.next_position < positions.end) {
      const Index window = s.order->window_of(s.next_position);
      const WindowBuffer& buffer = await(s, window);
      const Range part{s.next_position, std::min(positions.end, buffer.positions().end)};
      for (Index position = part.begin; position < part.end; ++position) {
        const Index i = position - positions.begin;
        take(buffer, position, i);
        ids[static_cast<std::size_t>(i)] = static_cast<std::uint64_t>(buffer.row(position));
      }
      s.next_position = part.end;
      if (part.end == buffer.positions().end) release(s, window);
    }
  }

  const WindowBuffer& await(ShardStream& s, Index window) {
    const auto slot = static_cast<std::size_t>(window % 2);
    std::unique_lock lock(mutex_);
    if (s.ready[slot] != window) {
      const Timer timer;
      loaded_.wait(lock, [&] { return s.ready[slot] == window || s.failure.has_value(); });
      wait_seconds_ += timer.seconds();
      // A window that was read before the failure is still good: the error belongs to the rows that
      // need it.
      if (s.ready[slot] != window) throw Error(*s.failure);
    }
    return s.buffers[slot];
  }

  void release(ShardStream& s, Index window) {
    {
      const std::lock_guard lock(mutex_);
      s.ready[static_cast<std::size_t>(window % 2)] = none;
    }
    work_.notify_one();
  }

  /// The shard whose next window will be needed first and has a free buffer. Ties go to the lower
  /// shard, as workers take them.
  [[nodiscard]] ShardStream* next_to_read() {
    if (repositioning_) return nullptr;
    ShardStream* next = nullptr;
    Index needed_first = 0;
    for (ShardStream& s : shards_) {
      if (s.failure.has_value() || !s.order.has_value() || s.next_window >= s.order->window_count())
        continue;
      if (s.ready[static_cast<std::size_t>(s.next_window % 2)] != none) continue;
      const Index needed =
          s.order->window_positions(s.next_window).begin / settings_.plan.micro_batch();
      if (next == nullptr || needed < needed_first) {
        next = &s;
        needed_first = needed;
      }
    }
    return next;
  }

  void prefetch(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (true) {
      ShardStream* s = nullptr;
      work_.wait(lock, stop, [&] { return (s = next_to_read()) != nullptr; });
      if (stop.stop_requested()) return;
      const Index window = s->next_window;
      reading_ = true;
      lock.unlock();
      auto failure = read(*s, window, [&] { return stop.stop_requested() || repositioning_; });
      lock.lock();
      reading_ = false;
      idle_.notify_all();
      if (stop.stop_requested()) return;
      // The rows just read belong to the order that is about to be replaced.
      if (repositioning_) continue;
      if (failure.has_value()) {
        s->failure = std::move(failure);
      } else {
        s->ready[static_cast<std::size_t>(window % 2)] = window;
        s->next_window = window + 1;
      }
      loaded_.notify_all();
    }
  }

  /// Returns the failure, for the workers: an exception must not leave the thread.
  std::optional<Error> read(ShardStream& s, Index window,
                            const std::function<bool()>& cancelled) noexcept {
    try {
      s.buffers[static_cast<std::size_t>(window % 2)].load(reader_, settings_.transform.missing,
                                                           *s.order, window, cancelled);
      return std::nullopt;
    } catch (const Error& error) {
      return error;
    } catch (const std::bad_alloc&) {
      return Error(ErrorKind::io,
                   "out of memory while reading " + to_string(reader_.info().address));
    } catch (const std::exception& error) {
      return Error(ErrorKind::bug, std::string("internal error: ") + error.what());
    }
  }

  DatasetReader reader_;
  SampleSourceSettings settings_;
  bool holds_sparse_;
  std::vector<ShardStream> shards_;
  std::vector<SparseConversion> conversions_;  // of each shard, of rows held without their zeros

  mutable std::mutex
      mutex_;  // guards all below, and `ready`, `failure` and `next_window` of each shard
  std::condition_variable_any work_;    // a buffer became free, or an epoch began
  std::condition_variable_any loaded_;  // a window became ready, or reading failed
  std::condition_variable_any idle_;    // the thread stopped reading
  bool reading_ = false;
  double wait_seconds_ = 0;
  std::atomic<bool> repositioning_ =
      false;  // begin_epoch waits for the thread, which reads it without the lock

  std::jthread thread_;  // last: it ends before anything it uses
};

}  // namespace

std::unique_ptr<SampleSource> make_streaming_source(DatasetReader reader,
                                                    const SampleSourceSettings& settings) {
  require(settings.shards.size() >= 1, "a rank without shards");
  return std::make_unique<StreamingSource>(std::move(reader), settings);
}

Index streaming_bytes(const DatasetInfo& info, const SampleSourceSettings& settings) {
  Index bytes = 0;
  for (Index shard = settings.shards.begin; shard < settings.shards.end; ++shard) {
    const Range rows = settings.plan.shard_rows(shard);
    const WindowBuffer::Capacity capacity(info, settings.shuffle, rows,
                                          holds_sparse(info, settings.transform));
    bytes += buffer_count(capacity, rows) * capacity.bytes();
  }
  return bytes;
}

}  // namespace hourglass
