#include "engine/outer_step.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "core/timer.hpp"
#include "engine/sum_over_ranks.hpp"
#include "optim/clip.hpp"

namespace hourglass {

namespace {

constexpr const char* outer_prefix = "outer_";

OptimizerSettings outer_rule(const LocalStepSettings& settings) {
  OptimizerSettings rule;
  rule.name = "sgd";
  rule.momentum = settings.momentum;
  rule.nesterov = settings.momentum > 0;
  return rule;
}

// The floats of an arena that a worker takes, whole cells.
Range part_of(std::span<const float> arena, Index workers, Index worker) {
  const Range cells = even_part(static_cast<Index>(arena.size()) / cell_floats, workers, worker);
  return {cells.begin * cell_floats, cells.end * cell_floats};
}

}  // namespace

OuterStep::OuterStep(const Communicator& communicator, const Communicator& group,
                     const Trainable& model, const ShardPlan& plan, WorkerPool& pool,
                     std::span<float> parameters, const StageSettings& settings,
                     const Recording& recording)
    : communicator_(communicator),
      group_(group),
      model_(model),
      plan_(plan),
      pool_(pool),
      parameters_(parameters),
      settings_(settings.local),
      frozen_(settings.frozen.ranges),
      recording_(recording),
      own_groups_(plan.groups_of_rank(communicator.rank(), communicator.size())),
      nodes_(maximal_nodes(own_groups_, plan.groups())),
      optimizer_(make_optimizer(outer_rule(settings_))),
      terms_(static_cast<std::size_t>(pool.size())),
      squares_(static_cast<std::size_t>(pool.size())) {
  const bool all_lead = communicator.size() <= plan.groups();
  const bool leads = group_.is_root();
  const Communicator leaders = all_lead ? communicator : communicator.split(leads ? 0 : 1);
  if (!leads) return;
  GradientExchangeSettings exchange;
  exchange.leaves = plan.groups();
  exchange.bucket_bytes = settings.bucket_bytes;
  exchange.state_prefix = outer_prefix;
  exchange_.emplace(leaders, parameters_, exchange);
  update_.emplace(model, *optimizer_, *exchange_, pool, UpdateSettings{}, nullptr,
                  settings.frozen.ranges);
  for (auto& terms : terms_) terms.resize(static_cast<std::size_t>(own_groups_.size()));
  parts_.resize(nodes_.size());
  differences_.resize(static_cast<std::size_t>(own_groups_.size()));
}

void OuterStep::make(std::span<const std::unique_ptr<Replica>> replicas, bool measures) {
  const PhaseSpan span(recording_.of(0), Phase::outer_step);
  if (exchange_) {
    // They take the place of the replicas' gradients, which nobody needs any more.
    for (std::size_t r = 0; r < replicas.size(); ++r)
      differences_[r] = replicas[r]->borrow_gradient();
    subtract(replicas, measures);
    add_differences();
    const auto first_of = [&](Range node) {
      return differences_[static_cast<std::size_t>(node.begin - own_groups_.begin)];
    };
    for (std::size_t b = 0; b < exchange_->buckets().size(); ++b) {
      const Index begin = exchange_->buckets()[b].begin;
      for (std::size_t n = 0; n < nodes_.size(); ++n)
        parts_[n] = {nodes_[n], first_of(nodes_[n]).data() + begin};
      exchange_->start(static_cast<Index>(b), parts_);
    }
  }
  if (measures) measure_spread();
  if (exchange_) {
    const UpdateStep step{1, settings_.rate, 1.0F / static_cast<float>(plan_.groups()), 1.0, 1.0};
    exchange_->update_parameters([&](Index bucket, std::span<const float> difference) {
      update_->update(bucket, step, difference);
    });
  }
  if (group_.size() > 1) {
    const Timer timer;
    group_.broadcast(std::as_writable_bytes(parameters_));
    waited_seconds_ += timer.seconds();
  }
  model_.constrain(parameters_.data(), frozen_);
  for (const auto& replica : replicas)
    std::ranges::copy(parameters_, replica->parameters().begin());
}

void OuterStep::subtract(std::span<const std::unique_ptr<Replica>> replicas, bool measures) {
  pool_.run([&](Index worker) {
    const Range part = part_of(parameters_, pool_.size(), worker);
    ExactSum& squares = squares_[static_cast<std::size_t>(worker)];
    squares.clear();
    for (std::size_t r = 0; r < replicas.size(); ++r) {
      float* const difference = differences_[r].data();
      const float* const local = replicas[r]->parameters().data();
      for (Index i = part.begin; i < part.end; ++i)
        difference[i] = parameters_[static_cast<std::size_t>(i)] - local[i];
      if (measures) add_sum_of_squares({difference + part.begin, difference + part.end}, squares);
    }
  });
}

void OuterStep::add_differences() {
  pool_.run([&](Index worker) {
    const Range part = part_of(parameters_, pool_.size(), worker);
    for (const Range& node : nodes_) {
      if (node.size() < 2) continue;
      const std::span<PartialSum> terms = std::span(terms_[static_cast<std::size_t>(worker)])
                                              .first(static_cast<std::size_t>(node.size()));
      const auto first = static_cast<std::size_t>(node.begin - own_groups_.begin);
      for (std::size_t t = 0; t < terms.size(); ++t) {
        const Index leaf = node.begin + static_cast<Index>(t);
        terms[t] = {{leaf, leaf + 1}, differences_[first + t].data() + part.begin};
      }
      tree_sum(node, terms, differences_[first].data() + part.begin, part.size());
    }
  });
}

void OuterStep::measure_spread() {
  std::array<ExactSum, 2> sums;  // of squares: of the differences, of their sum
  if (exchange_) {
    for (const ExactSum& squares : squares_) sums[0].add(squares);
    const double norm = exchange_->norm();
    if (communicator_.is_root()) sums[1].add(norm * norm);
  }
  sum_over_ranks(communicator_, sums);
  const auto groups = static_cast<double>(plan_.groups());
  const double moved = sums[0].value() / groups;
  const double common = sums[1].value() / (groups * groups);
  spread_ = moved > 0 ? std::sqrt(std::max(0.0, moved - common) / moved) : 0.0;
}

double OuterStep::take_waited_seconds() {
  return std::exchange(waited_seconds_, 0.0) + (exchange_ ? exchange_->take_waited_seconds() : 0.0);
}

std::vector<StoredArena> OuterStep::stored(std::span<const StoredTensor> tensors) const {
  if (update_) return update_->stored(tensors);
  // Every rank names all arenas, also those of which it has nothing.
  std::vector<StoredArena> arenas;
  for (const std::string& name : optimizer_->state_names()) {
    arenas.push_back({std::string("/optimizer/") + outer_prefix + name,
                      {tensors.begin(), tensors.end()},
                      {},
                      {}});
  }
  return arenas;
}

void OuterStep::load(const StateFile& file) {
  if (update_) update_->load(file);
}

}  // namespace hourglass
