#include "engine/matrix_directions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "engine/sum_over_ranks.hpp"
#include "optim/growing_interval.hpp"

namespace hourglass {

namespace {

Index columns_of(const Tensor& tensor) { return tensor.size / tensor.shape.front(); }

}  // namespace

MatrixDirections::MatrixDirections(const Layout& layout, const MatrixRule& rule,
                                   GradientExchange& exchange, WorkerPool& pool,
                                   std::span<const TensorGroup> groups,
                                   std::span<const std::vector<SegmentRun>> runs,
                                   const Recording* recording)
    : layout_(layout),
      rule_(rule),
      exchange_(exchange),
      pool_(pool),
      runs_(runs),
      recording_(recording),
      plan_(plan_matrices(layout, groups, rule, exchange.communicator().size(), pool.size())),
      directions_(layout.size()),
      bands_(exchange.communicator(), exchange.owned(), plan_.bands, exchange.is_replicated(),
             directions_.span()),
      work_(static_cast<std::size_t>(pool.size())),
      block_states_(plan_.blocks.size()),
      unfinished_(std::make_unique<std::atomic<Index>[]>(plan_.bands.size())),
      sums_(static_cast<std::size_t>(pool.size())),
      worker_failures_(static_cast<std::size_t>(pool.size()), 0) {
  for (const MatrixBand& band : plan_.bands) {
    const auto group = std::ranges::find(groups, band.slot, &TensorGroup::slot);
    decays_.push_back(rule.weight_decay() * group->decay_factor);
  }
  // The exchange updates the arena's tail first.
  for (std::size_t b = plan_.blocks.size(); b-- > 0;) {
    const MatrixBlock& block = plan_.blocks[b];
    if (!is_own(block)) continue;
    work_[static_cast<std::size_t>(block.worker)].push_back(b);
    if (own_bands_.empty() || own_bands_.back() != block.band) own_bands_.push_back(block.band);
  }
  make_states();
  make_scratch();
  if (FactorExchange* const factors = exchange_.factors()) factors->plan_receivers(plan_.bands);
}

bool MatrixDirections::is_own(const MatrixBlock& block) const {
  return plan_.bands[block.band].rank == exchange_.communicator().rank();
}

template <class T>
MatrixView<T> MatrixDirections::view(const MatrixBlock& block, T* arena) const {
  const Tensor& tensor = layout_.tensor(plan_.bands[block.band].slot);
  const Index stride = columns_of(tensor);
  return {arena + tensor.offset + block.rows.begin * stride + block.columns.begin,
          block.rows.size(), block.columns.size(), stride};
}

void MatrixDirections::make_states() {
  if (plan_.blocks.empty()) return;
  for (const MatrixRule::State& state : rule_.states(1, 1))
    states_.push_back({state.name, {}, {}, {}});
  for (std::size_t s = 0; s < states_.size(); ++s) {
    State& state = states_[s];
    std::vector<std::pair<std::size_t, MatrixRule::State>> own;
    Index floats = 0;
    for (std::size_t b = 0; b < plan_.blocks.size(); ++b) {
      const MatrixBlock& block = plan_.blocks[b];
      const MatrixRule::State shape = rule_.states(block.rows.size(), block.columns.size())[s];
      const Slot slot = state.layout.add(std::to_string(b), {shape.rows, shape.columns});
      if (!is_own(block)) continue;
      state.owned.push_back(state.layout.range(slot));
      floats += state.owned.back().size();
      own.emplace_back(b, shape);
    }
    state.values = Buffer<float>(floats);
    float* values = state.values.data();
    for (std::size_t i = 0; i < own.size(); ++i) {
      block_states_[own[i].first].emplace_back(values, own[i].second.rows, own[i].second.columns);
      values += state.owned[i].size();
    }
  }
}

void MatrixDirections::make_scratch() {
  for (const auto& blocks : work_) {
    Index floats = 0;
    for (const std::size_t b : blocks) {
      floats = std::max(floats, rule_.scratch_floats(plan_.blocks[b].rows.size(),
                                                     plan_.blocks[b].columns.size()));
    }
    scratch_.emplace_back(floats);
  }
}

void MatrixDirections::wait(std::span<Request> requests) {
  for (Request& request : requests) exchange_.wait_for(request, Phase::directions);
}

void MatrixDirections::compute(const UpdateStep& step, MomentsOf moments_of) {
  wait(bands_.sending());
  collect(step, moments_of);
  bands_.start_collect();
  wait(bands_.collecting());
  bands_.start_return();
  if (FactorExchange* const factors = exchange_.factors(); factors && factors->has_sums()) {
    const PhaseSpan span(recorder_of(recording_, 0), Phase::directions);
    factors->reduce();
  }
  for (const std::size_t b : own_bands_) unfinished_[b].store(0, std::memory_order_relaxed);
  for (const auto& blocks : work_) {
    for (const std::size_t b : blocks)
      unfinished_[plan_.blocks[b].band].fetch_add(1, std::memory_order_relaxed);
  }
  sent_ = 0;
  const auto task = [&](Index worker) { transform(step, worker); };
  pool_.start(task);
  task(0);
  pool_.join();
  if (rule_.combines()) complete(step.model);
  send_finished();
  for (Index& failures : worker_failures_) failures_ += std::exchange(failures, 0);
}

void MatrixDirections::collect(const UpdateStep& step, MomentsOf moments_of) {
  const PhaseSpan span(recorder_of(recording_, 0), Phase::update);
  for (const auto& bucket : runs_) {
    for (const SegmentRun& run : bucket) {
      if (!run.matrix) continue;
      const auto begin = static_cast<std::size_t>(run.range.begin);
      const auto size = static_cast<std::size_t>(run.range.size());
      rule_.collect(step.gradient_scale, exchange_.gradient().subspan(begin, size), moments_of(run),
                    directions_.span().subspan(begin, size));
      if (rule_.weight_decay() > 0) add_decay(run);
    }
  }
}

void MatrixDirections::add_decay(const SegmentRun& run) {
  const auto decay = static_cast<float>(rule_.weight_decay() * run.decay_factor);
  const float* const parameters = exchange_.parameters().data();
  for (Index i = run.range.begin; i < run.range.end; ++i) directions_[i] += decay * parameters[i];
}

void MatrixDirections::transform(const UpdateStep& update, Index worker) {
  const Index step = update.step;
  ModelSums& sums = sums_[static_cast<std::size_t>(worker)];
  sums.clear();
  for (const std::size_t b : work_[static_cast<std::size_t>(worker)]) {
    const MatrixBlock& block = plan_.blocks[b];
    const Index interval = growing_interval(step, roots_share, rule_.interval());
    MatrixStep matrix_step{step, step == 1 || step % interval == block.turn % interval,
                           recorder_of(recording_, worker)};
    if (FactorExchange* const factors = exchange_.factors()) {
      matrix_step.factor_count = factors->steps().count(step);
      if (factors->has_sums()) {
        const Slot weight = plan_.bands[block.band].slot;
        std::tie(matrix_step.left, matrix_step.right) =
            factors->factors(weight, block.row_of_blocks, block.column_of_blocks);
      }
    }
    matrix_step.damping = update.model.damping;
    matrix_step.decay = decays_[block.band];
    matrix_step.sums = &sums;
    worker_failures_[static_cast<std::size_t>(worker)] +=
        rule_.transform(matrix_step, view(block, directions_.data()), block_states_[b],
                        scratch_[static_cast<std::size_t>(worker)].span());
    if (rule_.combines()) continue;
    unfinished_[block.band].fetch_sub(1, std::memory_order_acq_rel);
    if (worker == 0) send_finished();
  }
}

void MatrixDirections::complete(const ModelState& model) {
  ModelSums& total = sums_.front();
  for (const ModelSums& sums : std::span(sums_).subspan(1)) total.add(sums);
  {
    const PhaseSpan span(recorder_of(recording_, 0), Phase::directions);
    sum_over_ranks(exchange_.communicator(), total.terms, words_);
  }
  const ModelWeights weights = minimize(total, model);
  pool_.run([&](Index worker) {
    const PhaseSpan span(recorder_of(recording_, worker), Phase::precondition);
    for (const std::size_t b : work_[static_cast<std::size_t>(worker)]) {
      const MatrixBlock& block = plan_.blocks[b];
      rule_.complete(weights, view(block, directions_.data()), block_states_[b]);
      unfinished_[block.band].fetch_sub(1, std::memory_order_acq_rel);
    }
  });
}

double MatrixDirections::curvature(Index step, double damping, std::span<const float> change) {
  FactorExchange* const factors = exchange_.factors();
  const Index count = factors == nullptr ? 0 : factors->steps().count(step);
  pool_.run([&](Index worker) {
    const auto w = static_cast<std::size_t>(worker);
    const PhaseSpan span(recorder_of(recording_, worker), Phase::precondition);
    ExactSum& sum = sums_[w].terms.front();
    sum.clear();
    for (const std::size_t b : work_[w]) {
      sum.add(rule_.curvature(count, damping, view(plan_.blocks[b], change.data()),
                              block_states_[b], scratch_[w].span()));
    }
  });
  ExactSum& total = sums_.front().terms.front();
  for (const ModelSums& sums : std::span(sums_).subspan(1)) total.add(sums.terms.front());
  sum_over_ranks(exchange_.communicator(), {&total, 1}, words_);
  return total.value();
}

void MatrixDirections::send_finished() {
  for (; sent_ < own_bands_.size(); ++sent_) {
    if (unfinished_[own_bands_[sent_]].load(std::memory_order_acquire) > 0) return;
    bands_.send(own_bands_[sent_]);
  }
}

void MatrixDirections::wait_for(const SegmentRun& run) {
  for (std::size_t b = 0; b < plan_.bands.size(); ++b) {
    const Range floats = plan_.bands[b].floats;
    if (floats.begin < run.range.end && run.range.begin < floats.end) wait(bands_.receives_of(b));
  }
}

std::vector<StoredArena> MatrixDirections::stored(std::span<const StoredTensor> tensors) const {
  std::vector<StoredArena> arenas;
  for (const State& state : states_) {
    std::vector<StoredTensor> stored = stored_tensors(state.layout);
    for (std::size_t b = 0; b < stored.size(); ++b) {
      const MatrixBlock& block = plan_.blocks[b];
      const Slot slot = plan_.bands[block.band].slot;
      const bool divided = block.rows.size() != layout_.tensor(slot).shape.front() ||
                           block.columns.size() != columns_of(layout_.tensor(slot));
      const std::string& name = tensors[static_cast<std::size_t>(slot)].name;
      stored[b].name = divided ? fmt::format("{}/block-{}", name, block.number) : name;
    }
    arenas.push_back(stored_segment(exchange_.state_group(state.name), state.owned,
                                    state.values.span(), stored));
  }
  return arenas;
}

Index MatrixDirections::load(const StateFile& file) {
  Index bytes = 0;
  for (State& state : states_) {
    bytes += read_arena_ranges(exchange_.communicator(), file, exchange_.state_group(state.name),
                               state.owned, state.values.span());
  }
  return bytes;
}

Index MatrixDirections::bytes() const {
  Index floats = directions_.size();
  for (const State& state : states_) floats += state.values.size();
  for (const Buffer<float>& scratch : scratch_) floats += scratch.size();
  return floats * static_cast<Index>(sizeof(float));
}

}  // namespace hourglass
