#include "engine/sharded_optimizer.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <iterator>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr std::size_t max_moments = 8;
// Below this many floats per worker the hand-over costs more than it gains.
constexpr Index min_shared_floats = Index{1} << 15;
constexpr const char* average_name = "average";

bool is_zero(const float* cell) {
  std::uint32_t bits = 0;
  for (Index i = 0; i < cell_floats; ++i) bits |= std::bit_cast<std::uint32_t>(cell[i]);
  return bits << 1 == 0;
}

// Calls update(first, count) for runs of floats in whole cells that are not all 0. Cells are the
// unit in which the arena is shared out, so that runs end elsewhere on other ranks but hold the
// same cells.
template <class Update>
void for_active_cells(std::span<const float> gradient, const Update& update) {
  constexpr auto cell = static_cast<std::size_t>(cell_floats);
  for (std::size_t at = 0; at < gradient.size();) {
    std::size_t end = at;
    while (end < gradient.size() && !is_zero(gradient.data() + end)) end += cell;
    if (end > at) update(at, end - at);
    at = end + cell;
  }
}

}  // namespace

ShardedOptimizer::ShardedOptimizer(const Trainable& model, const Optimizer& optimizer,
                                   GradientExchange& exchange, WorkerPool& pool,
                                   const UpdateSettings& settings, const Recording* recording,
                                   std::span<const Range> frozen)
    : optimizer_(optimizer),
      exchange_(exchange),
      pool_(pool),
      settings_(settings),
      recording_(recording),
      groups_(tensor_groups(model, settings, frozen)),
      runs_(segment_runs(groups_, exchange.owned(), wants_preparation())),
      rounding_(exchange),
      moment_names_(optimizer.state_names()) {
  require(moment_names_.size() <= max_moments, "an optimizer with more moments than planned for");
  const MatrixRule* const rule = optimizer_.matrix_rule();
  if (optimizer_.layer_wise()) {
    ratios_ = std::make_unique<TrustRatios>(model.layout(), optimizer_, exchange_, groups_, runs_);
  }
  if (rule != nullptr && !rule->keeps_moments()) {
    moment_ranges_ = place_moments(runs_);
  } else {
    moment_ranges_.assign(exchange_.owned().begin(), exchange_.owned().end());
  }
  if (rule != nullptr) {
    directions_ = std::make_unique<MatrixDirections>(model.layout(), *rule, exchange_, pool_,
                                                     groups_, runs_, recording_);
  }
  Index moment_floats = 0;
  for (const Range& range : moment_ranges_) moment_floats += range.size();
  for (std::size_t m = 0; m < moment_names_.size(); ++m) moments_.emplace_back(moment_floats);
  run_moments_.resize(moments_.size());
  hold(frozen);
  if (!averages()) return;
  average_ = Buffer<float>(exchange_.owned_floats());
  float* average = average_.data();
  for (const Range& range : exchange_.owned())
    average = std::copy_n(exchange_.parameters().data() + range.begin, range.size(), average);
}

std::span<float* const> ShardedOptimizer::moments_of(const SegmentRun& run) {
  if (!has_moments(run)) return {};
  for (std::size_t m = 0; m < run_moments_.size(); ++m)
    run_moments_[m] = moments_[m].data() + run.moment_offset;
  return run_moments_;
}

UpdateStep ShardedOptimizer::step_of(const SegmentRun& run, const UpdateStep& step) const {
  UpdateStep result = step;
  result.decay_factor = run.decay_factor;
  result.rate_factor = ratios_ ? run.rate_factor * ratios_->of(run.slot) : run.rate_factor;
  result.matrix = run.matrix && directions_ != nullptr;
  return result;
}

void ShardedOptimizer::prepare(const UpdateStep& step) {
  const auto moments = [this](const SegmentRun& run) { return moments_of(run); };
  if (ratios_) ratios_->compute(step, moments);
  if (directions_) directions_->compute(step, moments);
}

void ShardedOptimizer::update(Index bucket, const UpdateStep& step,
                              std::span<const float> gradient) {
  for (const SegmentRun& run : runs_[static_cast<std::size_t>(bucket)]) {
    const UpdateStep run_step = step_of(run, step);
    if (run_step.matrix) directions_->wait_for(run);
    const std::span<const float> from = run_step.matrix ? directions_->arena() : gradient;
    const Index cells = run.range.size() / cell_floats;
    const Index sharers =
        std::min(pool_.size(), std::max<Index>(1, run.range.size() / min_shared_floats));
    if (sharers == 1) {
      update_part(run, run_step, {0, cells}, 0, from);
    } else {
      pool_.run([&](Index worker) {
        if (worker < sharers)
          update_part(run, run_step, even_part(cells, sharers, worker), worker, from);
      });
    }
    if (!averages()) continue;
    update_average(step.step, run);
    restore_average(run);
  }
}

void ShardedOptimizer::hold(std::span<const Range> frozen) {
  const std::span<float> parameters = exchange_.parameters();
  if (rounding_.is_needed()) {
    // Increments are added on all ranks but one, also those of 0, which turn -0 into +0.
    for (const Range& range : frozen) {
      for (Index i = range.begin; i < range.end; ++i)
        parameters[static_cast<std::size_t>(i)] += 0.0F;
    }
  }
  for (const Range& own : exchange_.owned()) {
    for (const Range& range : frozen) {
      const Range part{std::max(own.begin, range.begin), std::min(own.end, range.end)};
      const bool trained_beside = std::ranges::any_of(groups_, [&](const TensorGroup& group) {
        return group.range.begin < part.end && part.begin < group.range.end;
      });
      if (part.end <= part.begin || !trained_beside) continue;
      held_.push_back({part, {parameters.data() + part.begin, parameters.data() + part.end}});
    }
  }
}

// Rules see whole cells, of which some floats may be frozen. `parameters` begin at float `begin`.
void ShardedOptimizer::restore(Index begin, std::span<float> parameters) const {
  const Index end = begin + static_cast<Index>(parameters.size());
  for (const Held& held : held_) {
    const Range part{std::max(begin, held.range.begin), std::min(end, held.range.end)};
    if (part.end <= part.begin) continue;
    std::copy_n(held.values.data() + (part.begin - held.range.begin), part.size(),
                parameters.data() + (part.begin - begin));
  }
}

void ShardedOptimizer::restore_average(const SegmentRun& run) {
  float* const average = average_.data() + run.state_offset;
  restore(run.range.begin, {average, static_cast<std::size_t>(run.range.size())});
}

void ShardedOptimizer::update_part(const SegmentRun& run, const UpdateStep& step, Range cells,
                                   Index worker, std::span<const float> gradient) {
  const Index first = cells.begin * cell_floats;
  const auto begin = static_cast<std::size_t>(run.range.begin + first);
  const auto size = static_cast<std::size_t>(cells.size() * cell_floats);
  const std::size_t moment_count = has_moments(run) ? moments_.size() : 0;
  // Parameters and moments are read and written, the gradient is read.
  const PhaseSpan span(
      recorder_of(recording_, worker), Phase::update, 0,
      sizeof(float) * static_cast<double>(size) * static_cast<double>(3 + 2 * moment_count));
  std::array<float*, max_moments> moments{};
  for (std::size_t s = 0; s < moment_count; ++s)
    moments[s] = moments_[s].data() + run.moment_offset + first;
  const std::span<float*> used(moments.data(), moment_count);
  if (!settings_.sparse) {
    update_floats(step, begin, size, run.state_offset + first, gradient, used);
    return;
  }
  if (!exchange_.increments().empty())
    std::ranges::fill(exchange_.increments().subspan(begin, size), WireWord{0});
  const auto update_active = [&](Range part) {
    const auto part_begin = static_cast<std::size_t>(part.begin);
    const auto part_size = static_cast<std::size_t>(part.size());
    for_active_cells(
        gradient.subspan(part_begin, part_size), [&](std::size_t at, std::size_t count) {
          const auto offset = static_cast<Index>(part_begin - begin + at);
          std::array<float*, max_moments> own = moments;
          for (float*& moment : std::span(own).first(moment_count)) moment += offset;
          update_floats(step, part_begin + at, count, run.state_offset + first + offset, gradient,
                        {own.data(), moment_count});
        });
  };
  const Range floats{run.range.begin + first, run.range.begin + first + static_cast<Index>(size)};
  if (const ActiveRows* const rows = exchange_.active_rows(); rows != nullptr) {
    rows->for_parts(floats, update_active);
  } else {
    update_active(floats);
  }
}

void ShardedOptimizer::update_floats(const UpdateStep& step, std::size_t begin, std::size_t size,
                                     Index state_offset, std::span<const float> gradient,
                                     std::span<float*> moments) {
  const std::span<float> parameters = exchange_.parameters().subspan(begin, size);
  if (rounding_.is_needed()) {
    update_rounded(step, static_cast<Index>(begin), state_offset, parameters,
                   gradient.subspan(begin, size), moments);
  } else {
    optimizer_.update(step, parameters, gradient.subspan(begin, size), moments);
    restore(static_cast<Index>(begin), parameters);
  }
}

// In blocks that stay in the first-level cache between the update and the rounding.
void ShardedOptimizer::update_rounded(const UpdateStep& step, Index begin, Index state_offset,
                                      std::span<float> parameters, std::span<const float> gradient,
                                      std::span<float*> moments) {
  constexpr std::size_t block_floats = 1024;
  std::array<float, block_floats> before;
  for (std::size_t first = 0; first < parameters.size(); first += block_floats) {
    const std::size_t count = std::min(block_floats, parameters.size() - first);
    const std::span<float> block = parameters.subspan(first, count);
    std::ranges::copy(block, before.begin());
    optimizer_.update(step, block, gradient.subspan(first, count), moments);
    const auto done = static_cast<Index>(first);
    restore(begin + done, block);
    rounding_.round(begin + done, state_offset + done, std::span(before).first(count), block);
    for (float*& values : moments) values += count;
  }
}

void ShardedOptimizer::clear_moments(Range parameters) {
  for (const auto& bucket : runs_) {
    for (const SegmentRun& run : bucket) {
      const Index begin = std::max(parameters.begin, run.range.begin);
      const Index end = std::min(parameters.end, run.range.end);
      if (begin >= end || !has_moments(run)) continue;
      for (Buffer<float>& moment : moments_)
        std::fill_n(moment.data() + run.moment_offset + begin - run.range.begin, end - begin, 0.0F);
    }
  }
}

void ShardedOptimizer::update_average(Index step, const SegmentRun& run) {
  // Early on the average follows faster, so that it forgets the random start.
  const auto t = static_cast<double>(step);
  const auto towards = static_cast<float>(1.0 - std::min(settings_.ema, (1.0 + t) / (10.0 + t)));
  float* average = average_.data() + run.state_offset;
  const float* now = exchange_.parameters().data() + run.range.begin;
  for (Index i = 0; i < run.range.size(); ++i) average[i] += towards * (now[i] - average[i]);
}

void ShardedOptimizer::gather_average(std::span<float> arena) const {
  const float* average = average_.data();
  for (const Range& range : exchange_.owned()) {
    std::copy_n(average, range.size(), arena.data() + range.begin);
    average += range.size();
  }
  exchange_.all_gather(arena);
}

StoredArena ShardedOptimizer::stored_average(std::span<const StoredTensor> tensors) const {
  return stored_segment("/model", exchange_.owned(), average_.span(), tensors);
}

std::vector<StoredArena> ShardedOptimizer::stored(std::span<const StoredTensor> tensors) const {
  std::vector<StoredTensor> with_moments(tensors.begin(), tensors.end());
  const MatrixRule* const rule = optimizer_.matrix_rule();
  if (rule != nullptr && !rule->keeps_moments()) {
    with_moments.clear();
    for (const TensorGroup& group : groups_) {
      if (!group.matrix) with_moments.push_back(tensors[static_cast<std::size_t>(group.slot)]);
    }
  }
  std::vector<StoredArena> arenas;
  for (std::size_t m = 0; m < moments_.size(); ++m) {
    arenas.push_back(stored_segment(exchange_.state_group(moment_names_[m]), moment_ranges_,
                                    moments_[m].span(), with_moments));
  }
  if (averages()) {
    arenas.push_back(stored_segment(exchange_.state_group(average_name), exchange_.owned(),
                                    average_.span(), tensors));
  }
  if (directions_) std::ranges::move(directions_->stored(tensors), std::back_inserter(arenas));
  for (StoredArena& arena : rounding_.stored(tensors)) arenas.push_back(std::move(arena));
  if (const DictionaryShards* const shards = exchange_.shards(); shards != nullptr) {
    for (StoredArena& arena : arenas) shards->keep_counted(arena);
  }
  return arenas;
}

Index ShardedOptimizer::load(const StateFile& file) {
  const Communicator& communicator = exchange_.communicator();
  Index bytes = 0;
  for (std::size_t m = 0; m < moments_.size(); ++m) {
    const std::string group = exchange_.state_group(moment_names_[m]);
    const DictionaryShards* const shards = exchange_.shards();
    bytes += shards == nullptr
                 ? read_arena_ranges(communicator, file, group, moment_ranges_, moments_[m].span())
                 : shards->load(shards->world(), file, group, moment_ranges_, moments_[m].span());
  }
  if (averages()) {
    bytes += read_arena_ranges(communicator, file, exchange_.state_group(average_name),
                               exchange_.owned(), average_.span());
  }
  if (directions_) bytes += directions_->load(file);
  return bytes + rounding_.load(file);
}

Index ShardedOptimizer::bytes() const {
  Index floats = average_.size();
  for (const Buffer<float>& moment : moments_) floats += moment.size();
  return floats * static_cast<Index>(sizeof(float)) + (directions_ ? directions_->bytes() : 0) +
         rounding_.bytes();
}

}  // namespace hourglass
