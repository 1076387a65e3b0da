#include "engine/gradient_exchange.hpp"

#include <cmath>

#include "core/activity.hpp"
#include "core/timer.hpp"
#include "engine/sum_over_ranks.hpp"
#include "hourglass/core/error.hpp"
#include "optim/clip.hpp"

namespace hourglass {

GradientExchange::GradientExchange(const Communicator& communicator, std::span<float> parameters,
                                   GradientExchangeSettings settings)
    : communicator_(communicator),
      parameters_(parameters),
      settings_(std::move(settings)),
      gradient_(static_cast<Index>(parameters.size())),
      reducer_(make_reducer()),
      gather_(*reducer_, settings_.recording) {
  for (std::size_t b = 0; b < buckets().size(); ++b)
    owned_.push_back(reducer_->owned(static_cast<Index>(b)));
  if (settings_.factors.size() > 0) {
    require(!takes_leaves(), "factors are added along the tree");
    factors_ = std::make_unique<FactorExchange>(communicator_, std::move(settings_.factors),
                                                settings_.factor_steps, settings_.leaves,
                                                settings_.bucket_bytes);
  }
  if (is_sparse()) {
    active_units_ =
        std::make_unique<ActiveUnits>(communicator_, settings_.active_rows, gradient_.size(),
                                      held_floats(), settings_.sparse_exchange);
    gathered_ = settings_.active_rows;
  }
  if (!is_replicated()) gather_plan_ = std::make_unique<OwnedRanges>(communicator_, owned_);
}

std::unique_ptr<Reducer> GradientExchange::make_reducer() {
  ReducerSettings reducer{settings_.leaves, settings_.bucket_bytes, gradient_.span(), parameters_,
                          settings_.wire};
  reducer.head_end = settings_.head_end;
  if (settings_.shards != nullptr)
    reducer.parts.assign(settings_.shards->parts().begin(), settings_.shards->parts().end());
  reducer.packs = is_sparse() && settings_.sparse_exchange != SparseExchange::never;
  if (takes_leaves()) {
    auto low_rank = std::make_unique<PowerSgdReducer>(communicator_, reducer, *settings_.layout,
                                                      settings_.low_rank, *settings_.pool);
    low_rank_ = low_rank.get();
    return low_rank;
  }
  return is_replicated() ? make_allreduce_reducer(communicator_, reducer)
                         : make_tree_reducer(communicator_, reducer);
}

Index GradientExchange::owned_floats() const {
  Index floats = 0;
  for (const Range& range : owned_) floats += range.size();
  return floats;
}

bool GradientExchange::unite_active_rows(const ActiveRows& own) {
  require(is_sparse() && started_ == 0, "active rows of a dense or a started exchange");
  if (!active_units_->is_started()) active_units_->start(own);
  if (!active_units_->test()) return false;
  reducer_->carry_in_reduce(active_units_->carried());
  return true;
}

void GradientExchange::start(Index bucket, std::span<const BucketPart> parts) {
  require(bucket == started_ && bucket < bucket_count() && summed_ == 0,
          "a bucket's exchange was started out of order");
  reducer_->start_reduce(bucket, parts);
  ++started_;
}

void GradientExchange::wait_for(Request& request, Phase phase) {
  const PhaseSpan span(recorder(), phase);
  const activity::Waiting waiting;
  const Timer timer;
  while (!request.test()) progress();
  waited_seconds_ += timer.seconds();
}

void GradientExchange::wait(Index bucket) {
  if (bucket < summed_) return;
  const PhaseSpan span(recorder(), Phase::exchange);
  const Timer timer;
  reducer_->wait_reduce(bucket);
  waited_seconds_ += timer.seconds();
  ++summed_;
}

void GradientExchange::wait() {
  require(started_ == bucket_count(), "waiting for a gradient whose exchange was not started");
  for (Index b = 0; b < bucket_count(); ++b) wait(b);
}

std::span<const float> GradientExchange::gradient() const {
  require(started_ == bucket_count() && summed_ == started_, "reading an incomplete gradient");
  return gradient_.span();
}

double GradientExchange::norm() {
  wait();
  const PhaseSpan span(recorder(), Phase::exchange);
  const Timer timer;
  ExactSum sum;
  for (const Range& range : owned_) {
    if (settings_.shards != nullptr && !settings_.shards->counts(range)) continue;
    add_sum_of_squares(gradient().subspan(static_cast<std::size_t>(range.begin),
                                          static_cast<std::size_t>(range.size())),
                       sum);
  }
  sum_over_owners({&sum, 1});
  waited_seconds_ += timer.seconds();
  return std::sqrt(sum.value());
}

void GradientExchange::update_parameters(BucketTask update, Gather gather) {
  require(started_ == bucket_count(), "updating from a gradient whose exchange was not started");
  // Long since complete, unless the passes have read no parameters.
  finish_gather();
  choose_gathered();
  for (Index b = 0; b < bucket_count(); ++b) {
    wait(b);
    update(b, gradient_.span());
    if (gather == Gather::later) continue;
    const PhaseSpan span(recorder(), Phase::exchange);
    reducer_->start_gather(b);
    reducer_->progress();
  }
  if (gather == Gather::now) {
    end_step();
    return;
  }
  const PhaseSpan span(recorder(), Phase::exchange);
  reducer_->finish_reduce();
  gather_.start();
  forget_step();
}

// The gather may go on while the next step's units are united.
void GradientExchange::choose_gathered() {
  if (!active_units_) return;
  const bool sparse = settings_.sparse_update && active_units_->carried() != nullptr;
  if (sparse) {
    gathered_.clear();
    gathered_.add(active_units_->rows());
  }
  reducer_->carry_in_gather(sparse ? &gathered_ : nullptr);
}

double GradientExchange::take_waited_seconds() {
  const double arrival = std::exchange(arrival_taken_, arrival_seconds());
  return std::exchange(waited_seconds_, 0.0) + arrival_seconds() - arrival;
}

void GradientExchange::read_gradient(BucketTask read) {
  require(started_ == bucket_count(), "reading a gradient whose exchange was not started");
  for (Index b = 0; b < bucket_count(); ++b) {
    wait(b);
    read(b, gradient_.span());
  }
  end_step();
}

void GradientExchange::forget_step() {
  started_ = 0;
  summed_ = 0;
  if (active_units_) active_units_->end_step();
}

void GradientExchange::end_step() {
  const PhaseSpan span(recorder(), Phase::exchange);
  const Timer timer;
  reducer_->finish();
  waited_seconds_ += timer.seconds();
  forget_step();
}

void GradientExchange::sum_over_owners(std::span<ExactSum> sums) {
  const DictionaryShards* const shards = settings_.shards;
  if (!is_replicated())
    sum_over_ranks(shards == nullptr ? communicator_ : shards->world(), sums, words_);
}

std::vector<StoredArena> GradientExchange::stored(std::span<const StoredTensor> tensors) const {
  return low_rank_ != nullptr ? low_rank_->stored(tensors) : std::vector<StoredArena>{};
}

void GradientExchange::load(const StateFile& file) {
  if (low_rank_ != nullptr) low_rank_->load(file);
}

void GradientExchange::all_gather(std::span<float> arena) const {
  if (gather_plan_) communicator_.all_gather(arena, *gather_plan_);
}

}  // namespace hourglass
