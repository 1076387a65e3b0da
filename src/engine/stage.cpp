#include "engine/stage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/activity.hpp"
#include "engine/sum_over_ranks.hpp"
#include "math/finite.hpp"

namespace hourglass {

namespace {

constexpr const char* weights_name = "weights";

// Before the names of a group's state in a checkpoint.
std::string prefix_of(Index group) { return fmt::format("group{}_", group); }

}  // namespace

Stage::Stage(const Communicator& communicator, const Trainable& model, const ShardPlan& plan,
             WorkerPool& pool, std::span<float> parameters, const StageSettings& settings)
    : communicator_(communicator),
      model_(model),
      plan_(plan),
      parameters_(parameters),
      settings_(settings),
      summation_(model.posterior_units(), model.counted_units()) {
  collectively(communicator_, [&] {
    schedule_ = std::make_unique<Schedule>(settings_.schedule, plan_.steps_per_epoch(),
                                           settings_.epochs * plan_.steps_per_epoch());
    // L-BFGS is not an element-wise rule: engine/full_batch.hpp updates the parameters.
    const bool elementwise = settings_.optimizer.name != lbfgs_name;
    optimizer_ =
        make_optimizer(elementwise ? settings_.optimizer : OptimizerSettings{.name = "sgd"});
  });
  if (settings_.local.on()) {
    make_groups(pool);
  } else {
    const Communicator& sharing =
        settings_.shards == nullptr ? communicator_ : settings_.shards->across();
    replicas_.push_back(std::make_unique<Replica>(sharing, model_, plan_, *optimizer_, pool,
                                                  parameters_, settings_, recording_));
  }
}

Range Stage::own_groups() const {
  return plan_.groups_of_rank(communicator_.rank(), communicator_.size());
}

void Stage::make_groups(WorkerPool& pool) {
  const Range own = own_groups();
  // Ranks with whole groups exchange nothing in local steps.
  const Communicator sharing = communicator_.size() <= plan_.groups()
                                   ? Communicator::self()
                                   : communicator_.split(static_cast<int>(own.begin));
  group_plans_.reserve(static_cast<std::size_t>(own.size()));
  for (Index group = own.begin; group < own.end; ++group) {
    group_plans_.push_back(plan_.group(group));
    Buffer<float>& weights = group_parameters_.emplace_back(model_.layout().size());
    std::ranges::copy(parameters_, weights.data());
    replicas_.push_back(std::make_unique<Replica>(sharing, model_, group_plans_.back(), *optimizer_,
                                                  pool, weights.span(), settings_, recording_,
                                                  prefix_of(group)));
  }
  outer_ = std::make_unique<OuterStep>(communicator_, sharing, model_, plan_, pool, parameters_,
                                       settings_, recording_);
  whole_.push_back({0, static_cast<Index>(parameters_.size())});
  norms_.resize(replicas_.size());
}

const StepTotals& Stage::gradient(SampleSource& source, std::uint64_t seed, std::uint32_t epoch,
                                  Index step, StepFlags flags, const PenaltyFactors& factors,
                                  std::span<const std::int32_t> dead_units) {
  activity::enter(Work::computing);
  StepSums* sums = &sums_;
  sums_.clear();
  compute_seconds_ = 0;
  for (const auto& replica : replicas_) {
    StepSums& own = replica->gradient(source, seed, epoch, step, factors, dead_units);
    compute_seconds_ += replica->compute_seconds();
    if (replicas_.size() > 1) {
      sums_.add(own);
    } else {
      sums = &own;
    }
  }
  activity::enter(Work::exchanging);
  if (settings_.shards != nullptr && !settings_.shards->is_first()) {
    // Every rank of a group has the losses, and the units of its own.
    for (ExactSum* sum : {&sums->loss, &sums->squared_error, &sums->penalty}) sum->clear();
  }
  Request request = summation_.start(communicator_, *sums, flags);
  exchange().wait_for(request);
  const StepTotals& totals = summation_.finish(*sums, plan_.samples_in_step(step));
  loss_ = {totals.mean(totals.loss), totals.samples};
  return totals;
}

double Stage::gradient_norm() {
  if (!outer_) return replicas_.front()->gradient_norm();
  ExactSum squares;
  for (std::size_t r = 0; r < replicas_.size(); ++r) {
    norms_[r] = replicas_[r]->gradient_norm();
    if (replicas_[r]->communicator().is_root()) squares.add(norms_[r] * norms_[r]);
  }
  sum_over_ranks(communicator_, {&squares, 1}, words_);
  return std::sqrt(squares.value() / static_cast<double>(plan_.groups()));
}

void Stage::update(Index step, double learning_rate, std::optional<double> norm,
                   GradientExchange::Gather gather) {
  activity::enter(Work::updating);
  if (!outer_) {
    replicas_.front()->update(step, learning_rate, norm, gather, loss_);
    return;
  }
  const Index step_in_epoch = step % plan_.steps_per_epoch();
  const bool meet = outer_->is_due(step_in_epoch);
  if (meet) gather = GradientExchange::Gather::now;
  for (std::size_t r = 0; r < replicas_.size(); ++r) {
    Replica& replica = *replicas_[r];
    const Index own_steps = group_plans_[r].steps_with_samples();
    if (step_in_epoch >= own_steps) {
      replica.skip();
      continue;
    }
    // What is due every so many steps would never come where it fell on skipped ones.
    const Index own_step = step / plan_.steps_per_epoch() * own_steps + step_in_epoch;
    replica.update(own_step, learning_rate, norm ? std::optional(norms_[r]) : std::nullopt, gather,
                   loss_);
  }
  groups_are_equal_ = meet;
  if (!meet) return;
  activity::enter(Work::exchanging);
  outer_->make(replicas_, step_in_epoch + 1 == plan_.steps_per_epoch());
}

std::span<const float> Stage::parameters_in_use() {
  complete_parameters();
  if (!sharded_optimizer().averages()) return parameters();
  if (average_.empty()) average_ = Buffer<float>(model_.layout().size());
  sharded_optimizer().gather_average(average_.span());
  return average_.span();
}

bool Stage::is_finite() {
  Index broken = 0;
  for (const Range& range : owned()) {
    if (!all_finite({parameters().data() + range.begin, static_cast<std::size_t>(range.size())}))
      broken = 1;
  }
  for (Buffer<float>& weights : group_parameters_) {
    if (!all_finite(weights.span())) broken = 1;
  }
  return communicator_.max(broken) == 0;
}

std::vector<StoredArena> Stage::stored(std::span<const StoredTensor> tensors) const {
  if (!outer_) return replicas_.front()->stored(tensors);
  const Range own = own_groups();
  std::vector<StoredArena> arenas = outer_->stored(tensors);
  for (Index group = 0; group < plan_.groups(); ++group) {
    const bool is_own = own.begin <= group && group < own.end;
    const Replica& replica = *replicas_[static_cast<std::size_t>(is_own ? group - own.begin : 0)];
    std::vector<StoredArena> state = replica.stored(tensors);
    if (!groups_are_equal_) {
      StoredArena& weights = state.emplace_back(StoredArena{
          replica.exchange().state_group(weights_name), {tensors.begin(), tensors.end()}, {}, {}});
      for (const Range& range : replica.exchange().owned()) {
        weights.ranges.push_back(range);
        weights.values.push_back(replica.parameters().data() + range.begin);
      }
    }
    for (StoredArena& arena : state) {
      if (!is_own) {
        // Every rank names all arenas; of this one others have the values.
        const std::size_t prefix = replica.exchange().state_group("").size();
        arena.group = "/optimizer/" + prefix_of(group) + arena.group.substr(prefix);
        arena.ranges.clear();
        arena.values.clear();
      }
      arenas.push_back(std::move(arena));
    }
  }
  return arenas;
}

void Stage::store(StateHeader& header) const { replicas_.front()->store(header); }

void Stage::load(const StateFile& file) {
  if (!outer_) {
    replicas_.front()->load(file);
    return;
  }
  // Each reads over the ranks that share it, which throw alike: of two things that are shared
  // differently the ranks agree on the first before they read the second.
  collectively(communicator_, [&] { outer_->load(file); });
  groups_are_equal_ = std::ranges::none_of(file.groups, [](const StoredGroup& stored) {
    return stored.group == "/optimizer/" + prefix_of(0) + weights_name;
  });
  collectively(communicator_, [&] {
    for (const auto& replica : replicas_) {
      replica->load(file);
      if (!groups_are_equal_)
        read_arena(file, replica->exchange().state_group(weights_name), replica->parameters());
    }
  });
}

Index Stage::gradient_bytes() const {
  Index bytes = 0;
  for (const auto& replica : replicas_) bytes += replica->exchange().gradient_bytes();
  return bytes;
}

Index Stage::optimizer_bytes() const {
  Index bytes = outer_ ? outer_->optimizer_bytes() : 0;
  for (const auto& replica : replicas_) bytes += replica->optimizer_bytes();
  return bytes;
}

Index Stage::workspace_bytes() const {
  Index bytes = 0;
  for (const auto& replica : replicas_) bytes += replica->workspace_bytes();
  return bytes;
}

Index Stage::exchange_bytes() const {
  Index bytes = outer_ ? outer_->exchange_bytes() : 0;
  for (const auto& replica : replicas_) bytes += replica->exchange().buffer_bytes();
  return bytes;
}

Index Stage::stored_bytes() const {
  Index floats = 0;
  for (const StoredArena& arena : stored(stored_tensors(model_.layout()))) {
    for (const Range& range : arena.ranges) floats += range.size();
  }
  if (outer_ && groups_are_equal_) {
    // Those that a checkpoint between two outer steps holds besides.
    for (const auto& replica : replicas_) floats += replica->exchange().owned_floats();
  }
  return floats * static_cast<Index>(sizeof(float));
}

Index Stage::replica_bytes() const {
  Index floats = 0;
  for (const Buffer<float>& weights : group_parameters_) floats += weights.size();
  return floats * static_cast<Index>(sizeof(float));
}

Index Stage::take_sent_bytes() {
  Index bytes = outer_ ? outer_->take_sent_bytes() : 0;
  for (const auto& replica : replicas_) bytes += replica->exchange().take_sent_bytes();
  return bytes;
}

double Stage::take_exchange_seconds() {
  double seconds = outer_ ? outer_->take_waited_seconds() : 0;
  for (const auto& replica : replicas_) seconds += replica->exchange().take_waited_seconds();
  return seconds;
}

}  // namespace hourglass
