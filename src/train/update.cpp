#include "hourglass/train/update.hpp"

#include <algorithm>
#include <array>

#include "hourglass/core/error.hpp"
#include "hourglass/optim/clip.hpp"

namespace hourglass {

namespace {

constexpr std::size_t max_states = 8;
// Below this many floats a worker the hand-over costs more than it gains.
constexpr Index min_shared_floats = Index{1} << 15;

// Decay factors of the arena's padded tensor ranges, in arena order.
std::vector<std::pair<Range, double>> decay_ranges(const Trainable& model, bool decay_biases) {
  std::vector<std::pair<Range, double>> ranges;
  for (const TensorRole& role : model.roles()) {
    ranges.emplace_back(model.layout().range(role.slot), role.bias && !decay_biases ? 0.0 : 1.0);
  }
  std::sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) { return a.first.begin < b.first.begin; });
  return ranges;
}

}  // namespace

SegmentUpdate::SegmentUpdate(const Trainable& model, const Optimizer& optimizer, const Reducer& reducer, WorkerPool& pool,
                             bool decay_biases)
    : optimizer_(optimizer), pool_(pool), arena_size_(model.layout().size()), state_names_(optimizer.state_names()) {
  require(state_names_.size() <= max_states, "an optimizer with more state than planned for");
  const auto decays = decay_ranges(model, decay_biases);
  Index state_size = 0;
  for (std::size_t b = 0; b < reducer.buckets().size(); ++b) {
    const Range owned = reducer.owned(static_cast<Index>(b));
    owned_.push_back(owned);
    state_offsets_.push_back(state_size);
    std::vector<Run> runs;
    for (const auto& [range, factor] : decays) {
      const Range part{std::max(owned.begin, range.begin), std::min(owned.end, range.end)};
      if (part.end <= part.begin) continue;
      // Neighbours that are treated alike are one run: fewer, longer loops.
      if (!runs.empty() && runs.back().range.end == part.begin && runs.back().decay_factor == factor) {
        runs.back().range.end = part.end;
      } else {
        runs.push_back({part, state_size + part.begin - owned.begin, factor});
      }
    }
    runs_.push_back(std::move(runs));
    state_size += owned.size();
  }
  for (std::size_t s = 0; s < state_names_.size(); ++s) states_.emplace_back(state_size);
}

void SegmentUpdate::add_sum_of_squares(Index bucket, std::span<const float> gradient, ExactSum& sum) const {
  const Range owned = owned_[static_cast<std::size_t>(bucket)];
  hourglass::add_sum_of_squares(gradient.subspan(static_cast<std::size_t>(owned.begin), static_cast<std::size_t>(owned.size())),
                                sum);
}

void SegmentUpdate::update(Index bucket, const UpdateStep& step, std::span<float> parameters, std::span<const float> gradient) {
  for (const Run& run : runs_[static_cast<std::size_t>(bucket)]) {
    UpdateStep run_step = step;
    run_step.decay_factor = run.decay_factor;
    const Index cells = run.range.size() / cell_floats;
    const Index sharers = std::min(pool_.size(), std::max<Index>(1, run.range.size() / min_shared_floats));
    const auto update_part = [&](Index worker) {
      if (worker >= sharers) return;
      const Range part = even_part(cells, sharers, worker);
      const auto begin = static_cast<std::size_t>(run.range.begin + part.begin * cell_floats);
      const auto size = static_cast<std::size_t>(part.size() * cell_floats);
      std::array<float*, max_states> state{};
      for (std::size_t s = 0; s < states_.size(); ++s) {
        state[s] = states_[s].data() + run.state_offset + part.begin * cell_floats;
      }
      optimizer_.update(run_step, parameters.subspan(begin, size), gradient.subspan(begin, size),
                        {state.data(), states_.size()});
    };
    if (sharers == 1) {
      update_part(0);
    } else {
      pool_.run(update_part);
    }
  }
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
      std::copy_n(arena.data() + owned_[b].begin, owned_[b].size(), states_[s].data() + state_offsets_[b]);
    }
  }
}

Index SegmentUpdate::bytes() const {
  Index bytes = 0;
  for (const auto& state : states_) bytes += state.size() * static_cast<Index>(sizeof(float));
  return bytes;
}

std::vector<StoredTensor> stored_tensors(const Layout& layout) {
  std::vector<StoredTensor> tensors;
  for (const Tensor& tensor : layout.tensors()) tensors.push_back({tensor.name, tensor.shape, tensor.offset, tensor.size});
  return tensors;
}

}  // namespace hourglass
