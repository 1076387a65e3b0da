#include "engine/stage.hpp"

#include <fmt/format.h>

#include <utility>

#include "core/activity.hpp"
#include "math/finite.hpp"
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
                              "nor a convolution with weights of its own",
                              weight.name));
    }
    factors.add(group.slot, weight.name, weight.shape.front(), weight.size / weight.shape.front(),
                rule.largest_side());
  }
  return factors;
}

}  // namespace

Stage::Stage(const Communicator& communicator, const Trainable& model, const ShardPlan& plan,
             WorkerPool& pool, std::span<float> parameters, const StageSettings& settings)
    : communicator_(communicator),
      model_(model),
      plan_(plan),
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
  const Communicator& sharing =
      settings_.shards == nullptr ? communicator_ : settings_.shards->across();
  GradientExchangeSettings exchange_settings{settings_.reduction,
                                             plan_.shards(),
                                             settings_.bucket_bytes,
                                             settings_.arithmetic.wire,
                                             &recording_,
                                             settings_.arithmetic.low_rank,
                                             &model_.layout(),
                                             &pool,
                                             end_of_first_weight(model_),
                                             model_.active_rows(),
                                             settings_.sparse_exchange,
                                             settings_.update.sparse,
                                             settings_.shards};
  const MatrixRule* const rule = optimizer_->matrix_rule();
  if (rule != nullptr && rule->factor_interval() > 0) {
    exchange_settings.factor_interval = rule->factor_interval();
    collectively(communicator_, [&] {
      exchange_settings.factors = factors_of(model_, *rule, settings_.frozen.ranges);
    });
  }
  exchange_ = std::make_unique<GradientExchange>(sharing, parameters, std::move(exchange_settings));
  sharded_optimizer_ =
      std::make_unique<ShardedOptimizer>(model_, *optimizer_, *exchange_, pool, settings_.update,
                                         &recording_, settings_.frozen.ranges);
  // Rounding the weights and constraining them take all of them.
  hides_gather_ = settings_.overlap && model_.awaits_parameters() && !exchange_->is_replicated() &&
                  settings_.arithmetic.precision != Precision::bf16;
  const bool has_model = rule != nullptr && rule->has_model();
  engine_ = std::make_unique<GradientEngine>(
      model_, plan_, plan_.shards_of_rank(sharing.rank(), sharing.size()), pool, *exchange_,
      GradientEngineSettings{settings_.arithmetic.precision == Precision::bf16, settings_.overlap,
                             &recording_, settings_.frozen, has_model});
  if (!has_model) return;
  std::vector<Range> others;
  for (const TensorGroup& group : tensor_groups(model_, {}, settings_.frozen.ranges)) {
    if (!group.matrix) others.push_back(group.range);
  }
  const PreconditionSettings& precondition = settings_.optimizer.precondition;
  check_ = std::make_unique<StepCheck>(
      communicator_, *exchange_, *engine_, *sharded_optimizer_, std::move(others),
      LevenbergMarquardt(precondition.kfac_damping, precondition.kfac_damping_rule == "adaptive"));
}

const StepTotals& Stage::gradient(SampleSource& source, std::uint64_t seed, std::uint32_t epoch,
                                  Index step, StepFlags flags, const PenaltyFactors& factors,
                                  std::span<const std::int32_t> dead_units) {
  activity::enter(Work::computing);
  const double waited = exchange_->arrival_seconds();
  StepSums& sums =
      engine_->run(parameters().data(), source, seed, epoch, step, factors, dead_units);
  compute_seconds_ = sums.compute_seconds - (exchange_->arrival_seconds() - waited);
  activity::enter(Work::exchanging);
  sums.root_failures = sharded_optimizer_->take_root_failures();
  if (settings_.shards != nullptr && !settings_.shards->is_first()) {
    // Every rank of a group has the losses, and the units of its own.
    for (ExactSum* sum : {&sums.loss, &sums.squared_error, &sums.penalty}) sum->clear();
  }
  Request request = summation_.start(communicator_, sums, flags);
  exchange_->wait_for(request);
  const StepTotals& totals = summation_.finish(sums, plan_.samples_in_step(step));
  loss_ = totals.mean(totals.loss);
  samples_ = totals.samples;
  return totals;
}

void Stage::update(Index step, double learning_rate, std::optional<double> norm,
                   GradientExchange::Gather gather) {
  activity::enter(Work::updating);
  UpdateStep update{step + 1, learning_rate, 1.0F, 1.0, 1.0};
  if (norm) update.gradient_scale = clip_factor(*norm, settings_.clip_norm);
  if (check_) update.model = check_->model(loss_);
  if (sharded_optimizer_->wants_preparation()) {
    exchange_->wait();
    sharded_optimizer_->prepare(update);
  }
  const bool checked = check_ && StepCheck::is_due(update.step);
  if (checked) check_->begin();
  exchange_->update_parameters(
      [&](Index bucket, std::span<const float> gradient) {
        sharded_optimizer_->update(bucket, update, gradient);
      },
      hides_gather_ && !checked ? gather : GradientExchange::Gather::now);
  model_.constrain(parameters().data());
  model_.follow_selection(engine_->smallest_selected(), parameters().data());
  if (checked) check_->finish(update.step, loss_, samples_);
}

void Stage::store(StateHeader& header) const {
  if (check_) check_->store(header);
}

void Stage::load(const StateFile& file) {
  if (check_) check_->load(file);
}

std::span<const float> Stage::parameters_in_use() {
  complete_parameters();
  if (!sharded_optimizer_->averages()) return parameters();
  if (average_.empty()) average_ = Buffer<float>(model_.layout().size());
  sharded_optimizer_->gather_average(average_.span());
  return average_.span();
}

bool Stage::is_finite() {
  Index broken = 0;
  for (const Range& range : owned()) {
    if (!all_finite({parameters().data() + range.begin, static_cast<std::size_t>(range.size())}))
      broken = 1;
  }
  return communicator_.max(broken) == 0;
}

}  // namespace hourglass
