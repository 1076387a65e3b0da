#include "engine/update.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "engine/training_data.hpp"
#include "hourglass/core/error.hpp"
#include "nn/initializer.hpp"
#include "optim/clip.hpp"

namespace hourglass {

namespace {

constexpr std::size_t max_states = 8;
// Below this many floats a worker the hand-over costs more than it gains.
constexpr Index min_shared_floats = Index{1} << 15;
constexpr const char* average_name = "average";

double factor_of(const Tensor& tensor, double encoder, double decoder) {
  if (tensor.name.starts_with("encoder/")) return encoder;
  return tensor.name.starts_with("decoder/") ? decoder : 1.0;
}

}  // namespace

SegmentUpdate::SegmentUpdate(const Trainable& model, const Optimizer& optimizer,
                             const Reducer& reducer, WorkerPool& pool,
                             const UpdateSettings& settings, const Communicator& communicator,
                             bool replicated)
    : model_(model),
      optimizer_(optimizer),
      pool_(pool),
      settings_(settings),
      communicator_(communicator),
      replicated_(replicated),
      arena_size_(model.layout().size()),
      state_names_(optimizer.state_names()) {
  if (averages()) state_names_.emplace_back(average_name);
  require(state_names_.size() <= max_states, "an optimizer with more state than planned for");
  const auto groups = this->groups();
  const bool whole_tensors = wants_preparation();
  Index state_size = 0;
  for (std::size_t b = 0; b < reducer.buckets().size(); ++b) {
    const Range owned = reducer.owned(static_cast<Index>(b));
    owned_.push_back(owned);
    state_offsets_.push_back(state_size);
    std::vector<Run> runs;
    for (const Group& group : groups) {
      const Range part{std::max(owned.begin, group.range.begin),
                       std::min(owned.end, group.range.end)};
      if (part.end <= part.begin) continue;
      // Neighbours that are treated alike are one run: fewer, longer loops.
      if (!runs.empty() && !whole_tensors && runs.back().range.end == part.begin &&
          runs.back().decay_factor == group.decay_factor &&
          runs.back().rate_factor == group.rate_factor) {
        runs.back().range.end = part.end;
      } else {
        runs.push_back({part, state_size + part.begin - owned.begin, group.rate_factor,
                        group.decay_factor, group.slot, group.matrix});
      }
    }
    runs_.push_back(std::move(runs));
    state_size += owned.size();
  }
  for (std::size_t s = 0; s < state_names_.size(); ++s) states_.emplace_back(state_size);
  ratios_.assign(model.layout().tensors().size(), 1.0);
  if (optimizer.matrix_wise()) directions_ = Buffer<float>(arena_size_);
}

// The padded ranges of all tensors in arena order.
std::vector<SegmentUpdate::Group> SegmentUpdate::groups() const {
  std::vector<Group> groups;
  for (const TensorRole& role : model_.roles()) {
    const Tensor& tensor = model_.layout().tensor(role.slot);
    const double rate = factor_of(tensor, settings_.encoder_rate, settings_.decoder_rate) *
                        (role.bias ? settings_.bias_rate : 1.0);
    groups.push_back({model_.layout().range(role.slot), rate, decay_factor(role, tensor, settings_),
                      role.slot, !role.bias});
  }
  std::ranges::sort(groups, {}, [](const Group& group) { return group.range.begin; });
  return groups;
}

UpdateStep SegmentUpdate::step_of(const Run& run, const UpdateStep& step) const {
  UpdateStep result = step;
  result.decay_factor = run.decay_factor;
  result.rate_factor = run.rate_factor * ratios_[static_cast<std::size_t>(run.slot)];
  result.matrix = run.matrix && optimizer_.matrix_wise();
  return result;
}

std::vector<float*> SegmentUpdate::state_of(const Run& run) {
  std::vector<float*> state;
  for (std::size_t s = 0; s < states_.size() - (averages() ? 1 : 0); ++s)
    state.push_back(states_[s].data() + run.state_offset);
  return state;
}

void SegmentUpdate::prepare(const UpdateStep& step, std::span<const float> parameters,
                            std::span<const float> gradient) {
  if (optimizer_.layer_wise()) prepare_ratios(step, parameters, gradient);
  if (optimizer_.matrix_wise()) prepare_directions(step, gradient);
}

void SegmentUpdate::prepare_ratios(const UpdateStep& step, std::span<const float> parameters,
                                   std::span<const float> gradient) {
  std::ranges::fill(ratios_, 1.0);
  const std::size_t tensors = ratios_.size();
  std::vector<TensorNorms> norms(tensors);
  for (const auto& bucket : runs_) {
    for (const Run& run : bucket) {
      const auto begin = static_cast<std::size_t>(run.range.begin);
      const auto size = static_cast<std::size_t>(run.range.size());
      optimizer_.advance(step_of(run, step), parameters.subspan(begin, size),
                         gradient.subspan(begin, size), state_of(run),
                         norms[static_cast<std::size_t>(run.slot)]);
    }
  }
  std::vector<ExactSum> sums;
  for (const TensorNorms& norm : norms) {
    sums.push_back(norm.parameters);
    sums.push_back(norm.direction);
  }
  if (!replicated_) sum_over_ranks(communicator_, sums);
  for (const Group& group : groups()) {
    if (!group.matrix) continue;
    const auto slot = static_cast<std::size_t>(group.slot);
    UpdateStep tensor_step = step;
    tensor_step.decay_factor = group.decay_factor;
    ratios_[slot] = optimizer_.trust_ratio(tensor_step, std::sqrt(sums[2 * slot].value()),
                                           std::sqrt(sums[2 * slot + 1].value()));
  }
}

void SegmentUpdate::prepare_directions(const UpdateStep& step, std::span<const float> gradient) {
  std::ranges::fill(directions_.span(), 0.0F);
  for (const auto& bucket : runs_) {
    for (const Run& run : bucket) {
      if (!run.matrix) continue;
      const auto begin = static_cast<std::size_t>(run.range.begin);
      const auto size = static_cast<std::size_t>(run.range.size());
      optimizer_.matrix_direction(step_of(run, step), gradient.subspan(begin, size), state_of(run),
                                  directions_.span().subspan(begin, size));
    }
  }
  // Every element is one rank's number and zeros: this sum is exact.
  if (!replicated_) communicator_.iallreduce_sum(directions_.span()).wait();
  // A matrix is orthogonalised by every rank that owns a part of it, as a whole, and one matrix by
  // one worker.
  std::vector<Slot> mine;
  for (const auto& bucket : runs_) {
    for (const Run& run : bucket) {
      if (run.matrix && std::ranges::find(mine, run.slot) == mine.end()) mine.push_back(run.slot);
    }
  }
  pool_.run([&](Index worker) {
    for (std::size_t i = static_cast<std::size_t>(worker); i < mine.size();
         i += static_cast<std::size_t>(pool_.size())) {
      const Tensor& tensor = model_.layout().tensor(mine[i]);
      const Index rows = tensor.shape.front();
      optimizer_.orthogonalize({directions_.data() + tensor.offset, rows, tensor.size / rows});
    }
  });
}

void SegmentUpdate::add_sum_of_squares(Index bucket, std::span<const float> gradient,
                                       ExactSum& sum) const {
  const Range owned = owned_[static_cast<std::size_t>(bucket)];
  hourglass::add_sum_of_squares(gradient.subspan(static_cast<std::size_t>(owned.begin),
                                                 static_cast<std::size_t>(owned.size())),
                                sum);
}

void SegmentUpdate::update(Index bucket, const UpdateStep& step, std::span<float> parameters,
                           std::span<const float> gradient) {
  const std::size_t own_states = states_.size() - (averages() ? 1 : 0);
  for (const Run& run : runs_[static_cast<std::size_t>(bucket)]) {
    const UpdateStep run_step = step_of(run, step);
    const std::span<const float> from =
        run_step.matrix ? std::as_const(directions_).span() : gradient;
    const Index cells = run.range.size() / cell_floats;
    const Index sharers =
        std::min(pool_.size(), std::max<Index>(1, run.range.size() / min_shared_floats));
    const auto update_part = [&](Index worker) {
      if (worker >= sharers) return;
      const Range part = even_part(cells, sharers, worker);
      const auto begin = static_cast<std::size_t>(run.range.begin + part.begin * cell_floats);
      const auto size = static_cast<std::size_t>(part.size() * cell_floats);
      // Parameters and states are read and written, the gradient is read.
      const PhaseSpan span(
          recorders_.empty() ? nullptr : &recorders_[static_cast<std::size_t>(worker)],
          Phase::update, 0,
          sizeof(float) * static_cast<double>(size) * static_cast<double>(3 + 2 * own_states));
      std::array<float*, max_states> state{};
      for (std::size_t s = 0; s < own_states; ++s) {
        state[s] = states_[s].data() + run.state_offset + part.begin * cell_floats;
      }
      const std::span<float*> states(state.data(), own_states);
      if (increments_.empty()) {
        optimizer_.update(run_step, parameters.subspan(begin, size), from.subspan(begin, size),
                          states);
      } else {
        update_rounded(run_step, static_cast<Index>(begin), parameters.subspan(begin, size),
                       from.subspan(begin, size), states);
      }
    };
    if (sharers == 1) {
      update_part(0);
    } else {
      pool_.run(update_part);
    }
    if (averages()) update_average(step.step, run, parameters);
  }
}

// In blocks that stay in the first-level cache between the update and the rounding.
void SegmentUpdate::update_rounded(const UpdateStep& step, Index begin, std::span<float> parameters,
                                   std::span<const float> gradient, std::span<float*> state) const {
  constexpr std::size_t block_floats = 1024;
  std::array<float, block_floats> before;
  for (std::size_t first = 0; first < parameters.size(); first += block_floats) {
    const std::size_t count = std::min(block_floats, parameters.size() - first);
    const std::span<float> block = parameters.subspan(first, count);
    std::ranges::copy(block, before.begin());
    optimizer_.update(step, block, gradient.subspan(first, count), state);
    Bfloat16* increments = increments_.data() + begin + static_cast<Index>(first);
    for (std::size_t i = 0; i < count; ++i) {
      increments[i] = to_bfloat16(block[i] - before[i]);
      block[i] = before[i] + to_float(increments[i]);
    }
    for (float*& values : state) values += count;
  }
}

void SegmentUpdate::update_average(Index step, const Run& run, std::span<const float> parameters) {
  // Early on the average follows faster, so that it forgets the random start.
  const auto t = static_cast<double>(step);
  const auto towards = static_cast<float>(1.0 - std::min(settings_.ema, (1.0 + t) / (10.0 + t)));
  float* average = states_.back().data() + run.state_offset;
  const float* now = parameters.data() + run.range.begin;
  for (Index i = 0; i < run.range.size(); ++i) average[i] += towards * (now[i] - average[i]);
}

void SegmentUpdate::start_average(std::span<const float> parameters) {
  if (!averages()) return;
  for (std::size_t b = 0; b < owned_.size(); ++b) {
    std::copy_n(parameters.data() + owned_[b].begin, owned_[b].size(),
                states_.back().data() + state_offsets_[b]);
  }
}

void SegmentUpdate::gather_average(std::span<float> arena) const {
  std::ranges::fill(arena, 0.0F);
  for (std::size_t b = 0; b < owned_.size(); ++b) {
    std::copy_n(states_.back().data() + state_offsets_[b], owned_[b].size(),
                arena.data() + owned_[b].begin);
  }
  // Every element is one rank's number and zeros: this sum is exact.
  if (!replicated_) communicator_.iallreduce_sum(arena).wait();
}

StoredArena SegmentUpdate::stored_average(std::span<const StoredTensor> tensors) const {
  StoredArena arena{"/model", {tensors.begin(), tensors.end()}, {}, {}};
  for (std::size_t b = 0; b < owned_.size(); ++b) {
    arena.ranges.push_back(owned_[b]);
    arena.values.push_back(states_.back().data() + state_offsets_[b]);
  }
  return arena;
}

std::vector<StoredArena> SegmentUpdate::stored(std::span<const StoredTensor> tensors) const {
  std::vector<StoredArena> arenas;
  for (std::size_t s = 0; s < states_.size(); ++s) {
    StoredArena arena{"/optimizer/" + state_names_[s], {tensors.begin(), tensors.end()}, {}, {}};
    for (std::size_t b = 0; b < owned_.size(); ++b) {
      arena.ranges.push_back(owned_[b]);
      arena.values.push_back(states_[s].data() + state_offsets_[b]);
    }
    arenas.push_back(std::move(arena));
  }
  return arenas;
}

void SegmentUpdate::load(const StateFile& file) {
  Buffer<float> arena(arena_size_);
  for (std::size_t s = 0; s < states_.size(); ++s) {
    read_arena(file, "/optimizer/" + state_names_[s], arena.span());
    for (std::size_t b = 0; b < owned_.size(); ++b) {
      std::copy_n(arena.data() + owned_[b].begin, owned_[b].size(),
                  states_[s].data() + state_offsets_[b]);
    }
  }
}

Index SegmentUpdate::bytes() const {
  Index bytes = 0;
  for (const auto& state : states_) bytes += state.size() * static_cast<Index>(sizeof(float));
  return bytes;
}

double decay_factor(const TensorRole& role, const Tensor& tensor, const UpdateSettings& settings) {
  if (role.bias && !settings.decay_biases) return 0;
  return factor_of(tensor, settings.encoder_decay, settings.decoder_decay);
}

std::vector<StoredTensor> stored_tensors(const Layout& layout) {
  std::vector<StoredTensor> tensors;
  for (const Tensor& tensor : layout.tensors())
    tensors.push_back({tensor.name, tensor.shape, tensor.offset, tensor.size});
  return tensors;
}

}  // namespace hourglass
