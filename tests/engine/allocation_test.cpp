// The hot loop allocates nothing: after a first step, which may prepare memory for later ones, a
// training pass, an update and a whole step make no allocation.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "core/random.hpp"
#include "data/sample_source.hpp"
#include "engine/allocation_cases.hpp"
#include "engine/stage.hpp"
#include "model/classifier.hpp"
#include "model/rbm.hpp"
#include "model/stacked.hpp"
#include "optim/block_trial.hpp"
#include "optim/lbfgs.hpp"
#include "support/allocation_count.hpp"
#include "support/one_rank.hpp"

namespace hourglass::test {

namespace {

constexpr Index rows = 6;

float number(std::uint64_t item, Index i) {
  return uniform_unit(
      CounterRandom(5, Purpose::generation).bits(item, 0, static_cast<std::uint32_t>(i))[0]);
}

/// Uniform in [0, 1).
Buffer<float> numbers(Index size, std::uint64_t item) {
  Buffer<float> values(size);
  for (Index i = 0; i < size; ++i) values[i] = number(item, i);
  return values;
}

class Allocation : public testing::Test {
 protected:
  void SetUp() override {
    if (!counts_allocations()) GTEST_SKIP() << "a sanitizer's own operator new is in use";
  }
};
using PassAllocation = Allocation;
using UpdateAllocation = Allocation;
using StageAllocation = Allocation;

TEST_F(Allocation, every_kind_is_counted) {
  std::vector<std::unique_ptr<double[]>> arrays(2);
  Buffer<float> buffer;
  struct alignas(128) Wide {
    float value = 0;
  };
  std::unique_ptr<Wide> wide;
  EXPECT_EQ(count_allocations([] {}), 0);
  EXPECT_EQ(count_allocations([&] { arrays[0] = std::make_unique<double[]>(3); }), 1);
  EXPECT_EQ(count_allocations([&] { arrays[1].reset(new (std::nothrow) double[3]); }), 1);
  EXPECT_EQ(count_allocations([&] { wide = std::make_unique<Wide>(); }), 1);
  EXPECT_EQ(count_allocations([&] { buffer = Buffer<float>(100); }), 1);
}

// The allocations of a micro-batch after the first: means, training pass, projection, evaluation.
Index allocations_of_a_pass(const Trainable& model, bool evaluates = true, bool holes = false) {
  Buffer<float> parameters = numbers(model.layout().size(), 1);
  Buffer<float> gradient(parameters.size());
  Buffer<float> samples = numbers(rows * model.features(), 2);
  if (holes) {
    for (Index i = 0; i < samples.size(); i += 3) samples[i] = std::nanf("");
  }
  const ConstMatrix x(samples.data(), rows, model.features());
  const std::vector<std::uint64_t> ids = {3, 1, 4, 15, 9, 2};
  Workspace workspace = model.make_workspace(rows + 1);
  std::vector<ExactSum> sums(static_cast<std::size_t>(model.mean_units()));
  const std::vector<double> means(sums.size(), 0.4);
  PassContext context{.training = true, .seed = 7, .epoch = 1, .sample_ids = ids};
  context.unit_means = means;
  Range announced;
  const GradientReady ready = [&announced](Range range) { announced = range; };
  const auto pass = [&] {
    if (!sums.empty()) model.add_unit_sums(parameters.data(), x, workspace, context, sums);
    model.train_pass(parameters.data(), x, 0.5F, workspace, gradient.data(), context, ready);
    model.constrain(parameters.data(), {});
    if (evaluates) model.evaluate(parameters.data(), x, workspace);
  };
  pass();
  return count_allocations(pass);
}

TEST_F(PassAllocation, none_with_any_loss) {
  for (const auto& [name, spec] : loss_cases())
    EXPECT_EQ(allocations_of_a_pass(Autoencoder(spec)), 0) << name;
}

TEST_F(PassAllocation, none_with_any_variant) {
  for (const auto& [name, spec] : variant_cases())
    EXPECT_EQ(allocations_of_a_pass(Autoencoder(spec)), 0) << name;
}

TEST_F(PassAllocation, none_with_missing_elements) {
  auto cases = loss_cases();
  for (const ModelCase& variant : variant_cases()) cases.push_back(variant);
  for (auto& [name, spec] : cases) {
    const bool combines = spec.loss != Loss::ssim && !spec.regularization.predictive &&
                          !distribution_of(spec.loss, spec.output_activation);
    if (!combines) continue;
    spec.missing = Missing::mask;
    EXPECT_EQ(allocations_of_a_pass(Autoencoder(spec), true, true), 0) << name;
    spec.missing_indicator = !spec.tied && spec.regularization.contractive == 0 &&
                             spec.regularization.hessian_weight == 0;
    EXPECT_EQ(allocations_of_a_pass(Autoencoder(spec), true, true), 0)
        << name << " with an indicator";
  }
}

TEST_F(PassAllocation, none_when_the_jacobian_is_measured) {
  for (const auto& [name, spec] : variant_cases()) {
    const Autoencoder model(spec);
    if (!model.has_jacobian()) continue;
    const Buffer<float> parameters = numbers(model.layout().size(), 1);
    const Buffer<float> samples = numbers(rows * model.features(), 2);
    Workspace workspace = model.make_workspace(rows);
    Buffer<float> scratch(model.jacobian_scratch_floats(rows));
    std::vector<double> norms(rows);
    const auto measure = [&] {
      model.squared_jacobian_norms(parameters.data(), {samples.data(), rows, model.features()},
                                   workspace, scratch.span(), norms);
    };
    measure();
    EXPECT_EQ(count_allocations(measure), 0) << name;
  }
}

TEST_F(PassAllocation, none_of_a_boltzmann_machine) {
  for (const RbmUnit visible : {RbmUnit::bernoulli, RbmUnit::gaussian}) {
    for (const RbmUnit hidden : {RbmUnit::bernoulli, RbmUnit::gaussian}) {
      EXPECT_EQ(allocations_of_a_pass(Rbm({16, 5, visible, hidden, 3, true})), 0);
    }
  }
}

TEST_F(PassAllocation, none_of_a_classifier) {
  const std::vector<std::int32_t> labels(16, 1);
  EXPECT_EQ(allocations_of_a_pass(Classifier(16, 3, labels), false), 0);
  const Autoencoder encoder(small_spec());
  EXPECT_EQ(allocations_of_a_pass(Classifier(encoder, 3, labels), false), 0);
}

TEST_F(PassAllocation, none_of_a_stacked_model) {
  AutoencoderSpec spec = small_spec();
  const Autoencoder below(spec);
  const Buffer<float> parameters = numbers(below.layout().size(), 3);
  spec.encoder = {9, 5};
  spec.image = {};
  const Stacked model(below.network(), {0, 1}, parameters.data(),
                      std::make_unique<Autoencoder>(spec));
  EXPECT_EQ(allocations_of_a_pass(model), 0);
}

// The allocations of an update after the first, of a matrix and of a tensor that is not one.
Index allocations_of_an_update(const OptimizerSettings& settings) {
  constexpr Index out = 8;
  constexpr Index in = 16;
  const auto optimizer = make_optimizer(settings);
  Buffer<float> parameters = numbers(out * in, 1);
  const Buffer<float> gradient = numbers(out * in, 2);
  Buffer<float> direction(out * in);
  const MatrixRule* const rule = optimizer->matrix_rule();
  BlockTrial block;
  std::vector<Buffer<float>> states;
  std::vector<float*> state;
  for (std::size_t s = 0; s < optimizer->state_names().size(); ++s) {
    states.emplace_back(out * in);
    state.push_back(states.back().data());
  }
  UpdateStep step{.step = 1, .learning_rate = 0.01};
  const auto update = [&] {
    if (optimizer->layer_wise()) {
      TensorNorms norms;
      optimizer->advance(step, parameters.span(), gradient.span(), state, norms);
      step.rate_factor = optimizer->trust_ratio(step, norms.parameters.value(), 1);
    }
    for (const bool matrix : {false, true}) {
      if (matrix && rule == nullptr) continue;
      step.matrix = matrix;
      if (matrix) {
        rule->collect(step.gradient_scale, gradient.span(), state, direction.span());
        block.transform(*rule, step.step, {direction.data(), out, in});
      }
      optimizer->update(step, parameters.span(), matrix ? direction.span() : gradient.span(),
                        state);
    }
    ++step.step;
  };
  update();
  return count_allocations(update);
}

TEST_F(UpdateAllocation, none_with_any_optimizer) {
  for (const auto& [name, settings] : optimizer_cases())
    EXPECT_EQ(allocations_of_an_update(settings), 0) << name;
}

TEST_F(UpdateAllocation, none_of_a_direction_of_lbfgs) {
  constexpr Index size = 128;
  constexpr Index history = 3;
  Lbfgs lbfgs(history, size);
  const Buffer<float> gradient = numbers(size, 1);
  Buffer<float> direction(size);
  const Lbfgs::Product product = [](std::span<const float> a, std::span<const float> b) {
    ExactSum sum;
    add_products(a, b, sum);
    return sum.value();
  };
  const auto iterate = [&] {
    lbfgs.direction(gradient.span(), product, direction.span());
    lbfgs.add(gradient.span(), gradient.span(), product);
  };
  for (Index i = 0; i < history; ++i) iterate();
  EXPECT_EQ(lbfgs.pairs(), history);
  EXPECT_EQ(count_allocations(iterate), 0);
}

TEST_F(UpdateAllocation, none_of_a_rate_of_any_schedule) {
  for (const std::string& name : schedule_names()) {
    const Schedule schedule({.name = name, .warmup_epochs = 1}, 10, 100);
    double rate = 0;
    EXPECT_EQ(count_allocations([&] { rate = schedule.rate(30, 1); }), 0) << name;
    EXPECT_GT(rate, 0) << name;
  }
}

/// Samples in memory.
class FixedSource final : public SampleSource {
 public:
  FixedSource(const ShardPlan& plan, Index features)
      : plan_(plan), samples_(numbers(plan.micro_batch() * features, 4)) {}
  void begin_epoch(std::uint32_t, Index) override {}
  void gather(Index shard, Index step, Matrix x, std::span<std::uint64_t> ids) override {
    const Index first = plan_.shard_rows(shard).begin + plan_.positions(shard, step).begin;
    std::copy_n(samples_.data(), x.rows * x.columns, x.data);
    for (std::size_t r = 0; r < ids.size(); ++r) ids[r] = static_cast<std::uint64_t>(first) + r;
  }
  [[nodiscard]] double wait_seconds() const override { return 0; }
  [[nodiscard]] Index bytes() const override { return 0; }

 private:
  ShardPlan plan_;
  Buffer<float> samples_;
};

// The allocations of a step of a stage on one rank, after the first two.
Index allocations_of_a_step(const AutoencoderSpec& spec, const StageSettings& settings,
                            Index threads = 1) {
  const Autoencoder model(spec);
  const ShardPlan plan(60, 5, 3);
  WorkerPool pool(threads);
  Buffer<float> parameters = numbers(model.layout().size(), 1);
  for (float& value : parameters.span()) value = 0.2F * (value - 0.5F);
  Stage stage(one_rank(), model, plan, pool, parameters.span(), settings);
  FixedSource source(plan, model.features());
  Index next = 0;
  const auto step = [&] {
    stage.gradient(source, 1, 0, next);
    const double norm = stage.gradient_norm();
    stage.update(next, stage.schedule().rate(next), norm);
    ++next;
  };
  step();
  step();
  return count_allocations(step);
}

StageSettings stage_settings() {
  StageSettings settings;
  settings.epochs = 3;
  settings.bucket_bytes = 1024;
  settings.clip_norm = 0.1;
  return settings;
}

TEST_F(StageAllocation, none_with_any_loss) {
  for (const auto& [name, spec] : loss_cases())
    EXPECT_EQ(allocations_of_a_step(spec, stage_settings()), 0) << name;
}

TEST_F(StageAllocation, none_with_any_variant) {
  for (const auto& [name, spec] : variant_cases())
    EXPECT_EQ(allocations_of_a_step(spec, stage_settings()), 0) << name;
}

TEST_F(StageAllocation, none_with_any_optimizer) {
  for (const auto& [name, optimizer] : optimizer_cases()) {
    StageSettings settings = stage_settings();
    settings.optimizer = optimizer;
    EXPECT_EQ(allocations_of_a_step(small_spec(), settings), 0) << name;
    settings.update.ema = 0.9;
    settings.update.bias_rate = 2;
    EXPECT_EQ(allocations_of_a_step(small_spec(), settings, 2), 0) << name << " and an average";
  }
}

TEST_F(StageAllocation, none_with_either_reduction_and_wire) {
  for (const Reduction reduction : {Reduction::tree, Reduction::allreduce}) {
    for (const char* wire : {"fp32", "bf16", "int8", "powersgd:1"}) {
      StageSettings settings = stage_settings();
      settings.reduction = reduction;
      parse_wire(wire, settings.arithmetic);
      if (reduction == Reduction::allreduce && format_wire(settings.arithmetic) != "fp32") continue;
      for (const Index threads : {1, 2, 3}) {
        EXPECT_EQ(allocations_of_a_step(small_spec(), settings, threads), 0)
            << name_of(reduction) << ", " << wire << ", " << threads << " threads";
      }
    }
  }
}

}  // namespace
}  // namespace hourglass::test
