#include "engine/gradient_engine.hpp"

#include <algorithm>

#include "core/tree_sum.hpp"
#include "engine/sum_over_ranks.hpp"

namespace hourglass {

GradientEngine::GradientEngine(const Trainable& model, const ShardPlan& plan, Range shards,
                               WorkerPool& pool, GradientExchange& exchange,
                               const GradientEngineSettings& settings)
    : model_(model),
      shards_(plan),
      pool_(pool),
      exchange_(exchange),
      settings_(settings),
      plan_(plan.shards(), shards, pool.size(), exchange.takes_leaves()),
      next_buckets_(plan_.workers().size()),
      finished_by_(
          std::make_unique<std::atomic<Index>[]>(static_cast<std::size_t>(bucket_count()))),
      bucket_parts_(plan_.rank_nodes().size()) {
  for (const GradientPlan::Worker& worker : plan_.workers()) {
    GradientWorker::Settings worker_settings;
    worker_settings.index = worker_count();
    worker_settings.wire = exchange_.wire();
    worker_settings.bfloat16 = settings_.bfloat16;
    worker_settings.recording = settings_.recording;
    worker_settings.frozen = settings_.frozen.ranges;
    worker_settings.most_terms = plan_.most_terms();
    if (FactorExchange* const factors = exchange_.factors()) {
      worker_settings.factor_floats = factors->layout().size();
      if (workers_.empty()) worker_settings.first_factor_buffer = factors->scratch();
    }
    worker_settings.keeps_batch = settings_.keeps_batch;
    worker_settings.shards = exchange_.shards();
    if (exchange_.active_rows() != nullptr) worker_settings.active_rows = *exchange_.active_rows();
    if (workers_.empty()) worker_settings.first_buffer = exchange_.scratch();
    workers_.push_back(std::make_unique<GradientWorker>(model_, shards_, worker, worker_settings));
  }
  if (exchange_.active_rows() != nullptr) own_rows_ = *exchange_.active_rows();
  if (settings_.bfloat16) rounded_ = RoundedWeights(model_.rounded_part());
}

StepSums& GradientEngine::run(const float* parameters, SampleSource& source, std::uint64_t seed,
                              std::uint32_t epoch, Index step, const PenaltyFactors& factors,
                              std::span<const std::int32_t> dead_units) {
  std::ranges::fill(next_buckets_, 0);
  for (Index b = 0; b < bucket_count(); ++b)
    finished_by_[static_cast<std::size_t>(b)].store(0, std::memory_order_relaxed);
  started_buckets_ = 0;
  unites_rows_ = false;
  // The exchange has left the sums of the last step in the arena of the first buffer.
  if (const ActiveRows* const rows = exchange_.active_rows(); rows != nullptr)
    worker(0).active_rows(0)->add(*rows);
  for (const auto& worker : workers_) worker->begin_step();
  GradientStep state{parameters,
                     &source,
                     {.training = true,
                      .seed = seed,
                      .epoch = epoch,
                      .penalty_factors = factors,
                      .batch_samples = shards_.samples_in_step(step),
                      .dead_units = dead_units},
                     step,
                     // A group of shards may have no samples left where others have.
                     1.0F / static_cast<float>(std::max<Index>(1, shards_.samples_in_step(step)))};
  state.context.arrival = exchange_.arrival();
  state.context.frozen_layers = settings_.frozen.network_layers;
  if (FactorExchange* const kronecker = exchange_.factors()) {
    kronecker->clear();
    if (kronecker->steps().is_due(step)) state.context.factors = &kronecker->layout();
  }
  if (settings_.bfloat16) {
    round_parameters(parameters);
    state.context.bfloat16_parameters = rounded_.data();
    state.context.row_rounding = rounded_.rows();
  }
  if (model_.mean_units() > 0) compute_unit_means(state);
  if (model_.selects_from_batch()) select_from_batch(state);
  const auto task = [&](Index index) { work(index, state); };
  pool_.start(task);
  task(0);
  if (!settings_.overlap) pool_.join();
  // Other workers may still compute: meanwhile the exchange of finished buckets goes on. This is
  // waiting for the workers, not for the exchange.
  while (started_buckets_ < bucket_count()) {
    if (has_finished_bucket()) {
      const PhaseSpan span(worker(0).recorder(), Phase::exchange);
      start_finished_buckets();
    }
    exchange_.progress();
  }
  pool_.join();
  if (state.context.factors != nullptr) merge_factors();
  note_merged_rows();
  collect_sums();
  if (settings_.keeps_batch) {
    last_step_ = state;
    last_step_.repeated = true;
    last_step_.context.arrival = nullptr;
    last_step_.context.factors = nullptr;
  }
  return sums_;
}

void GradientEngine::forget_gradient() {
  if (ActiveRows* const rows = worker(0).active_rows(0); rows != nullptr) rows->fill();
}

ExactSum& GradientEngine::repeat_losses() {
  require(last_step_.repeated && !model_.selects_from_batch(), "no step to repeat");
  if (settings_.bfloat16) round_parameters(last_step_.parameters);
  if (model_.mean_units() > 0) compute_unit_means(last_step_);
  pool_.run([&](Index index) {
    if (index < worker_count()) worker(index).repeat_losses(last_step_);
  });
  repeated_loss_.clear();
  for (const auto& worker : workers_) repeated_loss_.add(worker->repeated_loss());
  return repeated_loss_;
}

void GradientEngine::collect_sums() {
  sums_.clear();
  for (const auto& worker : workers_) sums_.add(worker->sums());
  sums_.input_seconds = worker(0).sums().input_seconds;
  sums_.compute_seconds = worker(0).sums().compute_seconds;
}

void GradientEngine::round_parameters(const float* parameters) {
  pool_.run([&](Index index) {
    const Index floats = even_part(rounded_.floats(), pool_.size(), index).size();
    const PhaseSpan span(recorder_of(settings_.recording, index), Phase::update, 0,
                         6.0 * static_cast<double>(floats));
    rounded_.round(parameters, index, pool_.size());
  });
}

void GradientEngine::compute_unit_means(GradientStep& step) {
  pool_.run([&](Index index) {
    if (index < worker_count()) worker(index).add_unit_sums(step);
  });
  const std::span<ExactSum> total = worker(0).unit_sums();
  for (Index w = 1; w < worker_count(); ++w) {
    for (std::size_t u = 0; u < total.size(); ++u) total[u].add(worker(w).unit_sums()[u]);
  }
  sum_over_ranks(exchange_.communicator(), total, words_);
  unit_means_.resize(total.size());
  for (std::size_t u = 0; u < total.size(); ++u) {
    unit_means_[u] = total[u].value() / static_cast<double>(shards_.samples_in_step(step.step));
  }
  step.context.unit_means = unit_means_;
}

void GradientEngine::select_from_batch(const GradientStep& step) {
  pool_.run([&](Index index) {
    if (index < worker_count()) worker(index).select_candidates(step);
  });
  candidates_.clear();
  for (const auto& worker : workers_) {
    const auto own = worker->candidates();
    candidates_.insert(candidates_.end(), own.begin(), own.end());
  }
  smallest_selected_ = keep_largest(
      candidates_, shards_.shards(), model_.batch_count(step.context),
      [&](std::span<std::int64_t> counts) {
        const DictionaryShards* const shards = exchange_.shards();
        (shards == nullptr ? exchange_.communicator() : shards->world()).sum(counts);
      },
      exchange_.shards() == nullptr ? UnitDivision{}
                                    : exchange_.shards()->division(shards_.micro_batch()));
}

void GradientEngine::work(Index index, const GradientStep& step) {
  if (index >= worker_count()) return;
  worker(index).run(step, [&](Index watermark, bool last_micro_batch) {
    if (last_micro_batch) finish_buckets(index, watermark);
    if (index > 0 || !settings_.overlap) return;
    const PhaseSpan span(worker(0).recorder(), Phase::exchange);
    start_finished_buckets();
    exchange_.progress();
  });
}

void GradientEngine::finish_buckets(Index index, Index watermark) {
  Index& next = next_buckets_[static_cast<std::size_t>(index)];
  for (; next < bucket_count(); ++next) {
    const Range bucket = exchange_.buckets()[static_cast<std::size_t>(next)];
    if (bucket.begin < watermark) return;
    auto& count = finished_by_[static_cast<std::size_t>(next)];
    // The last of the workers adds their sums; the count beyond the number of workers tells the
    // main thread that this is done.
    if (count.fetch_add(1, std::memory_order_acq_rel) + 1 < worker_count()) continue;
    merge_workers(worker(index), bucket);
    count.fetch_add(1, std::memory_order_acq_rel);
  }
}

void GradientEngine::merge_workers(GradientWorker& merging, Range bucket) {
  for (const GradientPlan::RankNode& node : plan_.rank_nodes()) {
    const std::size_t count = node.terms.size();
    if (count < 2) continue;
    const std::span<PartialSum> terms = merging.terms().first(count);
    const auto add = [&](Range part) {
      const auto sum_of = [&](const GradientPlan::WorkerTerm& term) {
        return worker(term.worker).buffer(term.term.buffer) + part.begin;
      };
      for (std::size_t t = 0; t < count; ++t)
        terms[t] = {node.terms[t].term.node, sum_of(node.terms[t])};
      tree_sum(node.node, terms, sum_of(node.terms.front()), part.size(), exchange_.wire());
    };
    const bool sparse = exchange_.active_rows() != nullptr;
    if (sparse) {
      merging.united_rows().clear();
      add_rows(node, merging.united_rows());
    }
    add_active_parts(sparse ? &merging.united_rows() : nullptr, bucket, count, merging.recorder(),
                     add);
  }
}

// As merge_workers(), each worker its part of the arena.
void GradientEngine::merge_factors() {
  const Index cells = exchange_.factors()->layout().size() / cell_floats;
  pool_.run([&](Index index) {
    if (index >= worker_count()) return;
    const Range part = even_part(cells, worker_count(), index);
    const Index begin = part.begin * cell_floats;
    const PhaseSpan span(worker(index).recorder(), Phase::tree_sum);
    for (const GradientPlan::RankNode& node : plan_.rank_nodes()) {
      const std::size_t count = node.terms.size();
      if (count < 2) continue;
      const auto sum_of = [&](const GradientPlan::WorkerTerm& term) {
        return worker(term.worker).factor_buffer(term.term.buffer) + begin;
      };
      const std::span<PartialSum> terms = worker(index).terms().first(count);
      for (std::size_t t = 0; t < count; ++t)
        terms[t] = {node.terms[t].term.node, sum_of(node.terms[t])};
      tree_sum(node.node, terms, sum_of(node.terms.front()), part.size() * cell_floats);
    }
  });
  for (std::size_t n = 0; n < bucket_parts_.size(); ++n) {
    const GradientPlan::RankNode& node = plan_.rank_nodes()[n];
    const GradientPlan::WorkerTerm& sum = node.terms.front();
    bucket_parts_[n] = {node.node, worker(sum.worker).factor_buffer(sum.term.buffer)};
  }
  exchange_.factors()->set_sums(bucket_parts_);
}

void GradientEngine::add_rows(const GradientPlan::RankNode& node, ActiveRows& rows) {
  for (const GradientPlan::WorkerTerm& term : node.terms)
    rows.add(*worker(term.worker).active_rows(term.term.buffer));
}

void GradientEngine::note_merged_rows() {
  if (exchange_.active_rows() == nullptr) return;
  for (const GradientPlan::RankNode& node : plan_.rank_nodes()) {
    const GradientPlan::WorkerTerm& sum = node.terms.front();
    add_rows(node, *worker(sum.worker).active_rows(sum.term.buffer));
  }
}

// Every worker's units are known once all have finished a bucket.
bool GradientEngine::knows_active_rows() {
  if (exchange_.active_rows() == nullptr || started_buckets_ > 0) return true;
  if (!unites_rows_) {
    own_rows_.clear();
    for (const GradientPlan::RankNode& node : plan_.rank_nodes()) add_rows(node, own_rows_);
    unites_rows_ = true;
  }
  return exchange_.unite_active_rows(own_rows_);
}

bool GradientEngine::has_finished_bucket() const {
  return started_buckets_ < bucket_count() &&
         finished_by_[static_cast<std::size_t>(started_buckets_)].load(std::memory_order_acquire) ==
             worker_count() + 1;
}

void GradientEngine::start_finished_buckets() {
  // Asked once: another worker may finish the first bucket at any time.
  if (!has_finished_bucket() || !knows_active_rows()) return;
  for (; has_finished_bucket(); ++started_buckets_) {
    const Range bucket = exchange_.buckets()[static_cast<std::size_t>(started_buckets_)];
    for (std::size_t n = 0; n < bucket_parts_.size(); ++n) {
      const GradientPlan::RankNode& node = plan_.rank_nodes()[n];
      const GradientPlan::WorkerTerm& sum = node.terms.front();
      bucket_parts_[n] = {node.node, worker(sum.worker).buffer(sum.term.buffer) + bucket.begin};
    }
    exchange_.start(started_buckets_, bucket_parts_);
  }
}

Index GradientEngine::bytes() const {
  Index bytes = rounded_.bytes();
  for (const auto& worker : workers_) bytes += worker->bytes();
  return bytes;
}

}  // namespace hourglass
