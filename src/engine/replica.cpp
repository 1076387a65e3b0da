#include "engine/replica.hpp"

#include <fmt/format.h>

#include <utility>

#include "hourglass/core/error.hpp"
#include "optim/clip.hpp"

namespace hourglass {

namespace {

// The first layer's weight, whose gradient is finished last and which the next step needs first. Of
// a small one the exchange takes no time, and a bucket of its own would divide worse over the
// ranks.
Index end_of_first_weight(const Trainable& model) {
  constexpr Index smallest_head = Index{1} << 14;
  if (model.layout().tensors().empty()) return 0;
  const Index end = model.layout().range(0).end;
  return end < smallest_head ? 0 : end;
}

// Of the weights that are trained. Throws Error(usage) for one whose layer sums no factors.
FactorLayout factors_of(const Trainable& model, const MatrixRule& rule,
                        std::span<const Range> frozen) {
  FactorLayout factors;
  for (const TensorGroup& group : tensor_groups(model, {}, frozen)) {
    if (!group.matrix) continue;
    const Tensor& weight = model.layout().tensor(group.slot);
    if (!group.factored) {
      throw Error(ErrorKind::usage,
                  fmt::format("--optimizer kfac has no factors of {}, whose layer is neither dense "
                              "nor a convolution with weights of its own: use --optimizer shampoo",
                              weight.name));
    }
    factors.add(group.slot, weight.name, weight.shape.front(), weight.size / weight.shape.front(),
                rule.largest_side());
  }
  return factors;
}

bool has_model(const Optimizer& optimizer) {
  const MatrixRule* const rule = optimizer.matrix_rule();
  return rule != nullptr && rule->has_model();
}

GradientExchangeSettings exchange_settings(const Communicator& communicator, const Trainable& model,
                                           const ShardPlan& plan, const Optimizer& optimizer,
                                           WorkerPool& pool, const StageSettings& settings,
                                           const Recording& recording,
                                           const std::string& state_prefix) {
  GradientExchangeSettings exchange;
  exchange.reduction = settings.reduction;
  exchange.leaves = plan.shards();
  exchange.bucket_bytes = settings.bucket_bytes;
  exchange.wire = settings.arithmetic.wire;
  exchange.recording = &recording;
  exchange.low_rank = settings.arithmetic.low_rank;
  exchange.layout = &model.layout();
  exchange.pool = &pool;
  exchange.head_end = end_of_first_weight(model);
  exchange.active_rows = model.active_rows();
  exchange.sparse_exchange = settings.sparse_exchange;
  exchange.sparse_update = settings.update.sparse;
  exchange.shards = settings.shards;
  exchange.state_prefix = state_prefix;
  const MatrixRule* const rule = optimizer.matrix_rule();
  if (rule != nullptr && rule->factor_interval() > 0) {
    exchange.factor_steps = {rule->factor_interval(), plan.steps_per_epoch()};
    collectively(communicator,
                 [&] { exchange.factors = factors_of(model, *rule, settings.frozen.ranges); });
  }
  return exchange;
}

// Null for optimizers without a model.
std::unique_ptr<StepCheck> step_check(const Communicator& communicator, const Trainable& model,
                                      const Optimizer& optimizer, const StageSettings& settings,
                                      GradientExchange& exchange, GradientEngine& engine,
                                      ShardedOptimizer& sharded) {
  if (!has_model(optimizer)) return nullptr;
  std::vector<Range> others;
  for (const TensorGroup& group : tensor_groups(model, {}, settings.frozen.ranges)) {
    if (!group.matrix) others.push_back(group.range);
  }
  const PreconditionSettings& precondition = settings.optimizer.precondition;
  return std::make_unique<StepCheck>(
      communicator, exchange, engine, sharded, std::move(others),
      LevenbergMarquardt(precondition.kfac_damping, precondition.kfac_damping_rule == "adaptive"));
}

}  // namespace

Replica::Replica(const Communicator& communicator, const Trainable& model, const ShardPlan& plan,
                 const Optimizer& optimizer, WorkerPool& pool, std::span<float> parameters,
                 const StageSettings& settings, const Recording& recording,
                 const std::string& state_prefix)
    : model_(model),
      clip_norm_(settings.clip_norm),
      frozen_(settings.frozen.ranges),
      exchange_(communicator, parameters,
                exchange_settings(communicator, model, plan, optimizer, pool, settings, recording,
                                  state_prefix)),
      optimizer_(model, optimizer, exchange_, pool, settings.update, &recording,
                 settings.frozen.ranges),
      engine_(
          model, plan, plan.shards_of_rank(communicator.rank(), communicator.size()), pool,
          exchange_,
          GradientEngineSettings{settings.arithmetic.precision == Precision::bf16, settings.overlap,
                                 &recording, settings.frozen, has_model(optimizer)}),
      check_(step_check(communicator, model, optimizer, settings, exchange_, engine_, optimizer_)),
      // Rounding the weights and constraining them take all of them.
      hides_gather_(settings.overlap && model.awaits_parameters() && !exchange_.is_replicated() &&
                    settings.arithmetic.precision != Precision::bf16) {}

StepSums& Replica::gradient(SampleSource& source, std::uint64_t seed, std::uint32_t epoch,
                            Index step, const PenaltyFactors& factors,
                            std::span<const std::int32_t> dead_units) {
  const double waited = exchange_.arrival_seconds();
  StepSums& sums = engine_.run(parameters().data(), source, seed, epoch, step, factors, dead_units);
  compute_seconds_ = sums.compute_seconds - (exchange_.arrival_seconds() - waited);
  sums.root_failures = optimizer_.take_root_failures();
  return sums;
}

void Replica::update(Index step, double learning_rate, std::optional<double> norm,
                     GradientExchange::Gather gather, const StepLoss& loss) {
  UpdateStep update{step + 1, learning_rate, 1.0F, 1.0, 1.0};
  if (norm) update.gradient_scale = clip_factor(*norm, clip_norm_);
  if (check_) update.model = check_->model(loss.mean);
  if (optimizer_.wants_preparation()) {
    exchange_.wait();
    optimizer_.prepare(update);
  }
  const bool checked = check_ && StepCheck::is_due(update.step);
  if (checked) check_->begin();
  exchange_.update_parameters(
      [&](Index bucket, std::span<const float> gradient) {
        optimizer_.update(bucket, update, gradient);
      },
      hides_gather_ && !checked ? gather : GradientExchange::Gather::now);
  model_.constrain(parameters().data(), frozen_);
  model_.follow_selection(engine_.smallest_selected(), parameters().data());
  if (checked) check_->finish(update.step, loss.mean, loss.samples);
}

void Replica::skip() {
  complete_parameters();
  exchange_.read_gradient([](Index, std::span<const float>) {});
}

std::vector<StoredArena> Replica::stored(std::span<const StoredTensor> tensors) const {
  std::vector<StoredArena> arenas = optimizer_.stored(tensors);
  for (StoredArena& arena : exchange_.stored(tensors)) arenas.push_back(std::move(arena));
  return arenas;
}

void Replica::store(StateHeader& header) const {
  if (check_) check_->store(header);
}

void Replica::load(const StateFile& file) {
  optimizer_.load(file);
  exchange_.load(file);
  if (check_) check_->load(file);
}

}  // namespace hourglass
