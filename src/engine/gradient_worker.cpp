#include "engine/gradient_worker.hpp"

#include <algorithm>
#include <functional>

#include "core/timer.hpp"
#include "model/frozen.hpp"
#include "model/weighted_loss.hpp"
#include "nn/loss.hpp"

namespace hourglass {

void StepSums::clear() {
  loss.clear();
  squared_error.clear();
  penalty.clear();
  unit_divergences.clear();
  unit_use.clear();
  failure = nullptr;
  root_failures = 0;
  input_seconds = 0;
  compute_seconds = 0;
}

void StepSums::add(const StepSums& other) {
  loss.add(other.loss);
  squared_error.add(other.squared_error);
  penalty.add(other.penalty);
  unit_divergences.add(other.unit_divergences);
  unit_use.add(other.unit_use);
  if (!failure) failure = other.failure;
  root_failures += other.root_failures;
  input_seconds += other.input_seconds;
  compute_seconds += other.compute_seconds;
}

GradientWorker::GradientWorker(const Trainable& model, const ShardPlan& shards,
                               const GradientPlan::Worker& plan, const Settings& settings)
    : model_(model), shards_(shards), plan_(plan), settings_(settings) {
  for (Index b = 0; b < plan_.buffers; ++b) {
    if (b == 0 && !settings_.first_buffer.empty()) {
      buffers_.push_back(settings_.first_buffer.data());
      continue;
    }
    storage_.emplace_back(model_.layout().size());
    buffers_.push_back(storage_.back().data());
  }
  for (Index b = 0; b < plan_.buffers && settings_.factor_floats > 0; ++b) {
    if (b == 0 && !settings_.first_factor_buffer.empty()) {
      factor_buffers_.push_back(settings_.first_factor_buffer.data());
      continue;
    }
    factor_storage_.emplace_back(settings_.factor_floats);
    factor_buffers_.push_back(factor_storage_.back().data());
  }
  if (!settings_.active_rows.empty()) {
    active_rows_.assign(buffers_.size(), settings_.active_rows);
    united_rows_ = settings_.active_rows;
  }
  const Index max_rows = shards_.micro_batch();
  workspace_ = model_.make_workspace(max_rows);
  sums_.unit_divergences = UnitDivergences(model_.posterior_units());
  sums_.unit_use = UnitUse(model_.counted_units());
  unit_sums_.resize(static_cast<std::size_t>(model_.mean_units()));
  if (model_.selects_from_batch()) {
    codes_.resize(static_cast<std::size_t>(plan_.leaves.size()));
    for (std::size_t i = 0; i < codes_.size(); ++i)
      candidates_.push_back({plan_.leaves.begin + static_cast<Index>(i), &codes_[i]});
  }
  const Index held = holds_all() ? plan_.leaves.size() : 1;
  input_ = Buffer<float>(held * max_rows * model_.sample_width());
  sparse_.resize(static_cast<std::size_t>(held));
  ids_.resize(static_cast<std::size_t>(held * max_rows));
  rows_.resize(static_cast<std::size_t>(held));
  terms_.resize(settings_.most_terms);
  if (settings_.bfloat16) {
    const Index widest = std::max(model_.input_width(), workspace_.widest());
    bfloat16_scratch_ = Buffer<Bfloat16>(2 * round_up(max_rows * widest, cell_floats));
  }
}

void GradientWorker::begin_step() { sums_.clear(); }

GradientWorker::MicroBatch GradientWorker::micro_batch(std::size_t leaf) {
  const std::size_t place = holds_all() ? leaf : 0;
  const Index first = static_cast<Index>(place) * shards_.micro_batch();
  const Index rows = rows_[place];
  return {{input_.data() + first * model_.sample_width(), rows, model_.sample_width()},
          std::span(ids_).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(rows)),
          sparse_[place].view(),
          codes_.empty() ? nullptr : &codes_[leaf]};
}

PassContext GradientWorker::context_of(const GradientStep& step, const MicroBatch& batch) {
  PassContext context = step.context;
  context.sample_ids = batch.ids;
  if (!batch.sparse.empty()) context.sparse_samples = &batch.sparse;
  context.code = batch.code;
  context.sample_weights = step.source->weights();
  context.conditions = step.source->conditions();
  context.bfloat16_scratch = bfloat16_scratch_.span();
  context.recorder = recorder();
  return context;
}

void GradientWorker::gather(std::size_t leaf, const GradientStep& step) {
  const Index shard = plan_.leaves.begin + static_cast<Index>(leaf);
  Index& rows = rows_[holds_all() ? leaf : 0];
  rows = shards_.positions(shard, step.step).size();
  const MicroBatch batch = micro_batch(leaf);
  const PhaseSpan span(recorder(), Phase::input, 0,
                       sizeof(float) * static_cast<double>(rows * model_.sample_width()));
  const Timer timer;
  try {
    if (step.source->sparse()) {
      SparseBatch& sparse = sparse_[holds_all() ? leaf : 0];
      sparse.clear(model_.sample_width());
      step.source->gather_sparse(shards_.first_shard() + shard, step.step, sparse, batch.ids);
      spread(sparse.view(), batch.samples);
    } else {
      step.source->gather(shards_.first_shard() + shard, step.step, batch.samples, batch.ids);
    }
  } catch (...) {
    // The other ranks rely on this rank's part of the exchange: the step is completed with an empty
    // micro-batch and the failure reported afterwards.
    sums_.failure = std::current_exception();
    rows = 0;
    sparse_[holds_all() ? leaf : 0].clear(model_.sample_width());
  }
  if (settings_.shards != nullptr && settings_.shards->most_in_group(sums_.failure ? 1 : 0) > 0) {
    // The ranks of a group pass through the same micro-batches.
    rows = 0;
    sparse_[holds_all() ? leaf : 0].clear(model_.sample_width());
  }
  sums_.input_seconds += timer.seconds();
}

void GradientWorker::add_unit_sums(const GradientStep& step) {
  for (ExactSum& sum : unit_sums_) sum.clear();
  for (std::size_t leaf = 0; leaf < plan_.merges.size(); ++leaf) {
    if (!step.repeated) gather(leaf, step);
    const MicroBatch batch = micro_batch(leaf);
    model_.add_unit_sums(step.parameters, batch.samples, workspace_, context_of(step, batch),
                         unit_sums_);
  }
}

void GradientWorker::select_candidates(const GradientStep& step) {
  for (std::size_t leaf = 0; leaf < plan_.merges.size(); ++leaf) {
    gather(leaf, step);
    const MicroBatch batch = micro_batch(leaf);
    model_.select_candidates(step.parameters, batch.samples, workspace_, context_of(step, batch));
  }
}

void GradientWorker::run(const GradientStep& step, Announcement announce) {
  const double input_before = sums_.input_seconds;
  const Timer timer;
  for (std::size_t leaf = 0; leaf < plan_.merges.size(); ++leaf) {
    if (!gathers_first()) gather(leaf, step);
    const MicroBatch batch = micro_batch(leaf);
    const GradientPlan::Merge& merge = plan_.merges[leaf];
    const bool last = leaf + 1 == plan_.merges.size();
    ActiveRows* const rows = active_rows(merge.leaf_buffer());
    if (rows != nullptr) {
      rows->zero(buffer(merge.leaf_buffer()));
      rows->clear();
    }
    bool rows_united = rows == nullptr;
    const auto on_ready = [&](Range range) {
      if (!rows_united) unite_rows(merge);
      rows_united = true;
      zero_frozen(settings_.frozen, range, buffer(merge.leaf_buffer()));
      this->merge(merge, range);
      announce(range.begin, last);
    };
    // By reference: a std::function of the lambda itself would allocate.
    const GradientReady ready = std::ref(on_ready);
    PassContext context = context_of(step, batch);
    if (context.factors != nullptr) context.factor_sums = factor_buffer(merge.leaf_buffer());
    context.active_rows = rows;
    const LossSums loss = model_.train_pass(step.parameters, batch.samples, step.scale, workspace_,
                                            buffer(merge.leaf_buffer()), context, ready);
    if (context.factors != nullptr) merge_factors(merge, batch.samples.rows);
    sums_.loss.add(loss.loss);
    sums_.squared_error.add(loss.squared_error);
    sums_.penalty.add(loss.penalty);
    if (!sums_.unit_divergences.empty() && batch.samples.rows > 0) {
      sums_.unit_divergences.add(workspace_.output(model_.posterior_layer(), batch.samples.rows),
                                 weights_of(context));
    }
    if (!sums_.unit_use.empty() && batch.samples.rows > 0)
      model_.count_use(context, workspace_, batch.samples.rows, sums_.unit_use);
  }
  sums_.compute_seconds = timer.seconds() - (sums_.input_seconds - input_before);
}

void GradientWorker::repeat_losses(const GradientStep& step) {
  repeated_loss_.clear();
  for (std::size_t leaf = 0; leaf < plan_.merges.size(); ++leaf) {
    const MicroBatch batch = micro_batch(leaf);
    repeated_loss_.add(model_
                           .train_pass(step.parameters, batch.samples, step.scale, workspace_,
                                       buffer(plan_.merges[leaf].leaf_buffer()),
                                       context_of(step, batch), {})
                           .loss);
  }
}

void GradientWorker::unite_rows(const GradientPlan::Merge& merge) {
  ActiveRows& sum = *active_rows(merge.terms.front().buffer);
  for (const GradientPlan::Term& term : std::span(merge.terms).subspan(1))
    sum.add(*active_rows(term.buffer));
}

void GradientWorker::merge(const GradientPlan::Merge& merge, Range range) {
  const std::size_t count = merge.terms.size();
  if (count < 2) return;
  const Index target = merge.terms.front().buffer;
  add_active_parts(active_rows(target), range, count, recorder(), [&](Range part) {
    for (std::size_t t = 0; t < count; ++t) {
      const GradientPlan::Term& term = merge.terms[t];
      terms_[t] = {term.node, buffer(term.buffer) + part.begin};
    }
    tree_sum(merge.node, terms().first(count), buffer(target) + part.begin, part.size(),
             settings_.wire);
  });
}

void add_active_parts(const ActiveRows* rows, Range range, std::size_t terms,
                      PhaseRecorder* recorder, FunctionRef<void(Range part)> add) {
  const Index floats = rows == nullptr ? range.size() : rows->floats_in(range);
  // Every term is read and the sum is written.
  const PhaseSpan span(
      recorder, Phase::tree_sum, 0,
      sizeof(float) * static_cast<double>(floats) * static_cast<double>(terms + 1));
  if (rows == nullptr) {
    add(range);
  } else {
    rows->for_parts(range, add);
  }
}

void GradientWorker::merge_factors(const GradientPlan::Merge& merge, Index rows) {
  const Index size = settings_.factor_floats;
  // The pass of an empty micro-batch ends before the layers.
  if (rows == 0) std::fill_n(factor_buffer(merge.leaf_buffer()), size, 0.0F);
  const std::size_t count = merge.terms.size();
  if (count < 2) return;
  const PhaseSpan span(recorder(), Phase::tree_sum, 0,
                       sizeof(float) * static_cast<double>(size) * static_cast<double>(count + 1));
  for (std::size_t t = 0; t < count; ++t)
    terms_[t] = {merge.terms[t].node, factor_buffer(merge.terms[t].buffer)};
  tree_sum(merge.node, terms().first(count), factor_buffer(merge.terms.front().buffer), size);
}

Index GradientWorker::bytes() const {
  Index bytes = input_.size() * static_cast<Index>(sizeof(float)) + workspace_.bytes() +
                bfloat16_scratch_.size() * static_cast<Index>(sizeof(Bfloat16));
  for (const SparseBatch& batch : sparse_) bytes += batch.bytes();
  for (const SparseCode& code : codes_) bytes += code.bytes();
  const Index held =
      settings_.shards == nullptr ? model_.layout().size() : settings_.shards->floats();
  if (settings_.shards != nullptr) {
    bytes -= shards_.micro_batch() * settings_.shards->foreign_units() *
             static_cast<Index>(sizeof(float));
  }
  const Index floats = static_cast<Index>(storage_.size()) * held +
                       static_cast<Index>(factor_storage_.size()) * settings_.factor_floats;
  bytes += floats * static_cast<Index>(sizeof(float));
  return bytes;
}

}  // namespace hourglass
