#include "analysis/window_means.hpp"

#include <algorithm>
#include <limits>
#include <vector>

namespace hourglass {

namespace {

constexpr Index round_bytes = Index{32} << 20;

/// Sums of values and numbers of windows of the time steps that are not complete yet.
class OpenSteps {
 public:
  OpenSteps(Range owned, Index width) : owned_(owned), width_(width), begin_(owned.begin) {}

  [[nodiscard]] Index begin() const { return begin_; }

  void add(Index first, Index length, const double* values) {
    for (Index t = 0; t < length; ++t, values += width_) {
      const Index step = first + t;
      if (step < begin_ || step >= owned_.end) continue;
      const auto place = static_cast<std::size_t>(step - begin_);
      if (counts_.size() <= place) extend(place + 1);
      double* const sum = sums_.data() + place * static_cast<std::size_t>(width_);
      for (Index k = 0; k < width_; ++k) sum[k] += values[k];
      ++counts_[place];
    }
  }

  /// The means of all steps before `end`, which are then forgotten.
  std::vector<double> close(Index end) {
    const auto closed = static_cast<std::size_t>(end - begin_);
    const auto width = static_cast<std::size_t>(width_);
    if (counts_.size() < closed) extend(closed);
    std::vector<double> means(closed * width, std::numeric_limits<double>::quiet_NaN());
    for (std::size_t step = 0; step < closed; ++step) {
      if (counts_[step] == 0) continue;
      for (std::size_t k = 0; k < width; ++k) {
        means[step * width + k] = sums_[step * width + k] / static_cast<double>(counts_[step]);
      }
    }
    counts_.erase(counts_.begin(), counts_.begin() + static_cast<std::ptrdiff_t>(closed));
    sums_.erase(sums_.begin(), sums_.begin() + static_cast<std::ptrdiff_t>(closed * width));
    begin_ = end;
    return means;
  }

 private:
  void extend(std::size_t steps) {
    counts_.resize(steps);
    sums_.resize(steps * static_cast<std::size_t>(width_));
  }

  Range owned_;
  Index width_;
  Index begin_;
  std::vector<double> sums_;
  std::vector<Index> counts_;
};

}  // namespace

void average_over_windows(
    const Communicator& communicator, const DatasetReader& reader, const InputTransform& transform,
    Index micro_batch, WorkerPool& pool, const WindowValues& values,
    const std::function<void(Range time_steps, std::span<const double> means)>& emit) {
  const InferencePlan plan{reader.info().rows(), micro_batch};
  const Index length = std::max<Index>(1, reader.info().address.options.views.window);
  const Index row_values = length * values.width;
  const Range mine = plan.of_rank(communicator.rank(), communicator.size());
  // The time steps of a rank begin with those of its first window.
  const auto first_step = [&](Index window) {
    if (window == 0) return Index{0};
    return window < plan.rows ? reader.first_time_step(window) : reader.time_steps();
  };
  const Range owned{first_step(mine.begin * micro_batch), first_step(mine.end * micro_batch)};
  Index from = std::min(plan.rows, mine.begin * micro_batch);
  while (!mine.empty() && from > 0 && reader.first_time_step(from - 1) + length > owned.begin)
    --from;
  const Range batches = mine.empty() ? mine : Range{from / micro_batch, mine.end};

  const Index round = std::max<Index>(
      1, round_bytes / (row_values * micro_batch * static_cast<Index>(sizeof(double))));
  const Index rounds = communicator.max((batches.size() + round - 1) / round);
  std::vector<double> computed;
  OpenSteps open(owned, values.width);
  for (Index r = 0; r < rounds; ++r) {
    const Range part{std::min(batches.end, batches.begin + r * round),
                     std::min(batches.end, batches.begin + (r + 1) * round)};
    const Range rows{std::min(plan.rows, part.begin * micro_batch),
                     std::min(plan.rows, part.end * micro_batch)};
    collectively(communicator, [&] {
      computed.resize(static_cast<std::size_t>(rows.size() * row_values));
      for_each_micro_batch(
          reader, transform, plan, part, pool, [&](Index worker, Range batch, ConstMatrix x) {
            values.compute(worker, batch, x,
                           std::span(computed).subspan(
                               static_cast<std::size_t>((batch.begin - rows.begin) * row_values),
                               static_cast<std::size_t>(batch.size() * row_values)));
          });
    });
    for (Index row = rows.begin; row < rows.end; ++row) {
      open.add(reader.first_time_step(row), length,
               computed.data() + (row - rows.begin) * row_values);
    }
    const Index complete =
        part.end == batches.end ? owned.end : std::max(open.begin(), first_step(rows.end));
    const Range steps{open.begin(), complete};
    emit(steps, open.close(complete));
  }
}

}  // namespace hourglass
