#include "engine/gradient_engine.hpp"

#include <algorithm>
#include <array>

#include "core/timer.hpp"
#include "hourglass/core/error.hpp"
#include "math/onednn.hpp"
#include "nn/layer.hpp"
#include "nn/loss.hpp"

namespace hourglass {

namespace {

// Deepest carry chain: one node a level of the tree, and a tree of 2^62 leaves is not going to be
// asked for.
constexpr std::size_t max_parts = 64;

bool inside(Range inner, Range outer) {
  return outer.begin <= inner.begin && inner.end <= outer.end;
}

}  // namespace

GradientEngine::GradientEngine(const Trainable& model, const ShardPlan& plan, Range shards,
                               WorkerPool& pool, std::span<float> sum)
    : model_(model), plan_(plan), pool_(pool) {
  // A worker without a shard would only wait.
  const Index count = std::min(pool.size(), shards.size());
  workers_.resize(static_cast<std::size_t>(count));
  for (Index w = 0; w < count; ++w) {
    Worker& worker = workers_[static_cast<std::size_t>(w)];
    const Range part = even_part(shards.size(), count, w);
    worker.leaves = {shards.begin + part.begin, shards.begin + part.end};
    plan_worker(worker, w == 0 ? sum : std::span<float>{}, plan.micro_batch());
  }
  plan_rank(shards);
}

void GradientEngine::plan_worker(Worker& worker, std::span<float> first_buffer, Index max_rows) {
  std::vector<std::pair<Range, Index>> pending;
  std::vector<Index> free_buffers;
  Index buffer_count = 0;
  for (Index leaf = worker.leaves.begin; leaf < worker.leaves.end; ++leaf) {
    Merge merge;
    if (free_buffers.empty()) free_buffers.push_back(buffer_count++);
    merge.leaf_buffer = free_buffers.back();
    free_buffers.pop_back();
    pending.emplace_back(Range{leaf, leaf + 1}, merge.leaf_buffer);
    merge.target = maximal_nodes({worker.leaves.begin, leaf + 1}, plan_.shards()).back();
    auto first = std::find_if(pending.begin(), pending.end(),
                              [&](const auto& p) { return inside(p.first, merge.target); });
    for (auto part = first; part != pending.end(); ++part) {
      merge.nodes.push_back(part->first);
      merge.buffers.push_back(part->second);
      if (part != first) free_buffers.push_back(part->second);
    }
    first->first = merge.target;
    pending.erase(first + 1, pending.end());
    require(merge.nodes.size() <= max_parts, "carry chain too deep");
    worker.merges.push_back(std::move(merge));
  }
  worker.finished = std::move(pending);
  for (Index b = 0; b < buffer_count; ++b) {
    if (b == 0 && !first_buffer.empty()) {
      worker.buffers.push_back(first_buffer.data());
      continue;
    }
    worker.storage.emplace_back(model_.layout().size());
    worker.buffers.push_back(worker.storage.back().data());
  }
  worker.workspace = model_.make_workspace(max_rows);
  const Index held = model_.mean_units() > 0 ? worker.leaves.size() : 1;
  worker.input = Buffer<float>(held * max_rows * model_.features());
  worker.ids.resize(static_cast<std::size_t>(held * max_rows));
  worker.rows.resize(static_cast<std::size_t>(held));
  worker.unit_sums.resize(static_cast<std::size_t>(model_.mean_units()));
}

void GradientEngine::plan_rank(Range shards) {
  for (const Range node : maximal_nodes(shards, plan_.shards())) {
    RankNode rank_node{node, {}};
    for (std::size_t w = 0; w < workers_.size(); ++w) {
      for (std::size_t f = 0; f < workers_[w].finished.size(); ++f) {
        if (inside(workers_[w].finished[f].first, node)) rank_node.parts.emplace_back(w, f);
      }
    }
    rank_nodes_.push_back(std::move(rank_node));
  }
  bucket_parts_.resize(rank_nodes_.size());
}

void GradientEngine::run(const float* parameters, SampleSource& source, std::uint64_t seed,
                         std::uint32_t epoch, Index step, Reducer& reducer, StepSums& sums) {
  if (bucket_count_ == 0) {
    bucket_count_ = static_cast<Index>(reducer.buckets().size());
    bucket_workers_ =
        std::make_unique<std::atomic<Index>[]>(static_cast<std::size_t>(bucket_count_));
  }
  for (Index b = 0; b < bucket_count_; ++b)
    bucket_workers_[static_cast<std::size_t>(b)].store(0, std::memory_order_relaxed);
  started_buckets_ = 0;
  Step state{parameters,
             &source,
             {.training = true, .seed = seed, .epoch = epoch},
             step,
             1.0F / static_cast<float>(plan_.samples_in_step(step)),
             &reducer};
  for (Worker& worker : workers_) {
    worker.sums.failure = nullptr;
    worker.sums.input_seconds = 0;
  }
  if (!bfloat16_parameters_.empty()) {
    round_parameters(parameters);
    state.context.bfloat16_parameters = bfloat16_parameters_.data();
  }
  if (model_.mean_units() > 0) prepare_unit_means(state);
  const std::function<void(Index)> task = [&](Index w) { work(w, state); };
  pool_.start(task);
  task(0);
  if (!overlaps_) pool_.join();
  // The others may still compute: keep the exchange of what is finished going. It is they who are
  // waited for, not the exchange.
  while (started_buckets_ < bucket_count_) {
    if (has_finished_bucket()) {
      const PhaseSpan span(recorder(0), Phase::exchange);
      start_finished_buckets(reducer);
    }
    reducer.progress();
  }
  pool_.join();
  sums.loss.clear();
  sums.squared_error.clear();
  sums.penalty.clear();
  sums.failure = nullptr;
  for (Worker& worker : workers_) {
    sums.loss.add(worker.sums.loss);
    sums.squared_error.add(worker.sums.squared_error);
    sums.penalty.add(worker.sums.penalty);
    if (!sums.failure) sums.failure = worker.sums.failure;
  }
  sums.input_seconds = workers_.front().sums.input_seconds;
  sums.compute_seconds = workers_.front().sums.compute_seconds;
}

void GradientEngine::compute_in_bfloat16() {
  bfloat16_parameters_ = Buffer<Bfloat16>(model_.layout().size());
  for (Worker& worker : workers_) {
    const Index widest = std::max(model_.features(), worker.workspace.widest());
    worker.bfloat16_scratch =
        Buffer<Bfloat16>(2 * round_up(plan_.micro_batch() * widest, cell_floats));
  }
}

void GradientEngine::round_parameters(const float* parameters) {
  pool_.run([&](Index worker) {
    const Range part = even_part(bfloat16_parameters_.size(), pool_.size(), worker);
    const PhaseSpan span(recorder(worker), Phase::update, 0,
                         6.0 * static_cast<double>(part.size()));
    convert_to_bfloat16(parameters + part.begin, bfloat16_parameters_.data() + part.begin,
                        part.size());
  });
}

PassContext GradientEngine::context_of(Worker& worker, const Step& step,
                                       std::span<const std::uint64_t> ids) const {
  PassContext context = step.context;
  context.sample_ids = ids;
  context.bfloat16_scratch = worker.bfloat16_scratch.span();
  context.recorder = recorder(worker);
  return context;
}

void GradientEngine::gather(Worker& worker, std::size_t leaf, const Step& step) {
  const Index shard = worker.leaves.begin + static_cast<Index>(leaf);
  const std::size_t place = worker.rows.size() > 1 ? leaf : 0;
  Index& rows = worker.rows[place];
  rows = plan_.positions(shard, step.step).size();
  const auto first = static_cast<Index>(place) * plan_.micro_batch();
  const PhaseSpan span(recorder(worker), Phase::input, 0,
                       sizeof(float) * static_cast<double>(rows * model_.features()));
  const Timer timer;
  try {
    step.source->gather(
        shard, step.step,
        {worker.input.data() + first * model_.features(), rows, model_.features()},
        std::span(worker.ids)
            .subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(rows)));
  } catch (...) {
    // The other ranks count on this rank's part of the exchange: finish the step with nothing, then
    // report.
    worker.sums.failure = std::current_exception();
    rows = 0;
  }
  worker.sums.input_seconds += timer.seconds();
}

// A pass over the global batch before the one with gradients: the samples stay, so that the source
// is asked once.
void GradientEngine::prepare_unit_means(Step& step) {
  const std::function<void(Index)> task = [&](Index w) {
    if (w >= static_cast<Index>(workers_.size())) return;
    Worker& worker = workers_[static_cast<std::size_t>(w)];
    for (ExactSum& sum : worker.unit_sums) sum.clear();
    for (std::size_t leaf = 0; leaf < worker.merges.size(); ++leaf) {
      gather(worker, leaf, step);
      const std::size_t place = worker.rows.size() > 1 ? leaf : 0;
      const auto first = static_cast<Index>(place) * plan_.micro_batch();
      const auto ids =
          std::span<const std::uint64_t>(worker.ids).subspan(static_cast<std::size_t>(first));
      const PassContext context =
          context_of(worker, step, ids.first(static_cast<std::size_t>(worker.rows[place])));
      model_.add_unit_sums(
          step.parameters,
          {worker.input.data() + first * model_.features(), worker.rows[place], model_.features()},
          worker.workspace, context, worker.unit_sums);
    }
  };
  pool_.run(task);
  std::vector<ExactSum>& total = workers_.front().unit_sums;
  for (std::size_t w = 1; w < workers_.size(); ++w) {
    for (std::size_t u = 0; u < total.size(); ++u) total[u].add(workers_[w].unit_sums[u]);
  }
  require(static_cast<bool>(sum_over_ranks_),
          "means over the global batch without a sum over ranks");
  sum_over_ranks_(total);
  unit_means_.resize(total.size());
  for (std::size_t u = 0; u < total.size(); ++u) {
    unit_means_[u] = total[u].value() / static_cast<double>(plan_.samples_in_step(step.step));
  }
  step.context.unit_means = unit_means_;
}

void GradientEngine::work(Index index, const Step& step) {
  if (index >= static_cast<Index>(workers_.size())) return;
  Worker& worker = workers_[static_cast<std::size_t>(index)];
  worker.sums.loss.clear();
  worker.sums.squared_error.clear();
  worker.sums.penalty.clear();
  worker.next_bucket = 0;
  const bool gathered = model_.mean_units() > 0;
  const double input_before = worker.sums.input_seconds;
  const Timer timer;
  for (std::size_t i = 0; i < worker.merges.size(); ++i) {
    const bool last = i + 1 == worker.merges.size();
    if (!gathered) gather(worker, i, step);
    const std::size_t place = worker.rows.size() > 1 ? i : 0;
    const Index rows = worker.rows[place];
    const auto first = static_cast<Index>(place) * plan_.micro_batch();
    const auto ids =
        std::span<const std::uint64_t>(worker.ids).subspan(static_cast<std::size_t>(first));
    const PassContext context = context_of(worker, step, ids.first(static_cast<std::size_t>(rows)));
    const Merge& merge = worker.merges[i];
    const GradientReady ready = [&](Range range) {
      merge_leaf(worker, merge, range);
      if (last) finish_buckets(worker, range.begin, step);
      if (index == 0 && overlaps_) {
        const PhaseSpan span(recorder(index), Phase::exchange);
        start_finished_buckets(*step.reducer);
        step.reducer->progress();
      }
    };
    const ConstMatrix samples(worker.input.data() + first * model_.features(), rows,
                              model_.features());
    const LossSums loss = model_.train_pass(
        step.parameters, samples, step.scale, worker.workspace,
        worker.buffers[static_cast<std::size_t>(merge.leaf_buffer)], context, ready);
    worker.sums.loss.add(loss.loss);
    worker.sums.squared_error.add(loss.squared_error);
    worker.sums.penalty.add(loss.penalty);
  }
  worker.sums.compute_seconds = timer.seconds() - (worker.sums.input_seconds - input_before);
}

void GradientEngine::merge_leaf(Worker& worker, const Merge& merge, Range range) const {
  if (merge.nodes.size() < 2) return;
  // Every part is read and the sum is written.
  const PhaseSpan span(recorder(worker), Phase::tree_sum, 0,
                       sizeof(float) * static_cast<double>(range.size()) *
                           static_cast<double>(merge.nodes.size() + 1));
  std::array<PartialSum, max_parts> parts;
  for (std::size_t p = 0; p < merge.nodes.size(); ++p) {
    parts[p] = {merge.nodes[p],
                worker.buffers[static_cast<std::size_t>(merge.buffers[p])] + range.begin};
  }
  tree_sum(merge.target, {parts.data(), merge.nodes.size()},
           worker.buffers[static_cast<std::size_t>(merge.buffers.front())] + range.begin,
           range.size(), wire_);
}

void GradientEngine::finish_buckets(Worker& worker, Index watermark, const Step& step) {
  const auto buckets = step.reducer->buckets();
  const auto all = static_cast<Index>(workers_.size());
  while (worker.next_bucket < bucket_count_ &&
         buckets[static_cast<std::size_t>(worker.next_bucket)].begin >= watermark) {
    auto& count = bucket_workers_[static_cast<std::size_t>(worker.next_bucket)];
    // Only the last of the workers merges; counting to all + 1 tells the main thread that the merge
    // is done.
    if (count.fetch_add(1, std::memory_order_acq_rel) + 1 == all) {
      merge_workers(worker, buckets[static_cast<std::size_t>(worker.next_bucket)]);
      count.fetch_add(1, std::memory_order_acq_rel);
    }
    ++worker.next_bucket;
  }
}

void GradientEngine::merge_workers(const Worker& merging, Range bucket) {
  for (const RankNode& node : rank_nodes_) {
    if (node.parts.size() < 2) continue;
    const PhaseSpan span(recorder(merging), Phase::tree_sum, 0,
                         sizeof(float) * static_cast<double>(bucket.size()) *
                             static_cast<double>(node.parts.size() + 1));
    std::array<PartialSum, 2 * max_parts> small;
    std::vector<PartialSum> large;
    std::span<PartialSum> parts(small);
    if (node.parts.size() > small.size()) {
      large.resize(node.parts.size());
      parts = large;
    }
    for (std::size_t p = 0; p < node.parts.size(); ++p) {
      const auto& [w, f] = node.parts[p];
      const Worker& worker = workers_[static_cast<std::size_t>(w)];
      const auto& [range, buffer] = worker.finished[static_cast<std::size_t>(f)];
      parts[p] = {range, worker.buffers[static_cast<std::size_t>(buffer)] + bucket.begin};
    }
    tree_sum(node.node, parts.first(node.parts.size()), const_cast<float*>(parts.front().data),
             bucket.size(), wire_);
  }
}

bool GradientEngine::has_finished_bucket() const {
  const auto done = static_cast<Index>(workers_.size()) + 1;
  return started_buckets_ < bucket_count_ &&
         bucket_workers_[static_cast<std::size_t>(started_buckets_)].load(
             std::memory_order_acquire) == done;
}

void GradientEngine::start_finished_buckets(Reducer& reducer) {
  while (has_finished_bucket()) {
    const Range bucket = reducer.buckets()[static_cast<std::size_t>(started_buckets_)];
    for (std::size_t n = 0; n < rank_nodes_.size(); ++n) {
      const auto& [w, f] = rank_nodes_[n].parts.front();
      const Worker& worker = workers_[static_cast<std::size_t>(w)];
      bucket_parts_[n] = {rank_nodes_[n].node,
                          worker.buffers[static_cast<std::size_t>(
                              worker.finished[static_cast<std::size_t>(f)].second)] +
                              bucket.begin};
    }
    reducer.start_reduce(started_buckets_, bucket_parts_);
    ++started_buckets_;
  }
}

Index GradientEngine::bytes() const {
  Index bytes = bfloat16_parameters_.size() * static_cast<Index>(sizeof(Bfloat16));
  for (const Worker& worker : workers_) {
    for (const auto& buffer : worker.storage)
      bytes += buffer.size() * static_cast<Index>(sizeof(float));
    bytes += worker.bfloat16_scratch.size() * static_cast<Index>(sizeof(Bfloat16));
    bytes += worker.workspace.bytes() + worker.input.size() * static_cast<Index>(sizeof(float));
  }
  return bytes;
}

}  // namespace hourglass
