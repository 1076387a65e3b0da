#include "engine/gradient_engine.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "core/random.hpp"
#include "engine/update.hpp"
#include "hourglass/core/error.hpp"
#include "model/autoencoder.hpp"

namespace hourglass {
namespace {

constexpr Index features = 13;

AutoencoderSpec small_spec() {
  AutoencoderSpec spec;
  spec.encoder = {features, 11, 5};
  spec.activation = Activation::tanh;
  spec.feature_mean = false;
  return spec;
}

// Sample `row` is a function of its number alone.
class KeyedSource final : public SampleSource {
 public:
  explicit KeyedSource(const ShardPlan& plan) : plan_(plan) {}
  void begin_epoch(std::uint32_t, Index) override {}
  void gather(Index shard, Index step, Matrix x, std::span<std::uint64_t> ids) override {
    if (shard == failing_shard) throw Error(ErrorKind::data, "row 7 holds a NaN");
    const Index first = plan_.shard_rows(shard).begin + plan_.positions(shard, step).begin;
    for (Index r = 0; r < x.rows; ++r) {
      ids[static_cast<std::size_t>(r)] = static_cast<std::uint64_t>(first + r);
      for (Index c = 0; c < features; ++c) {
        x(r, c) = uniform_unit(random_.bits(static_cast<std::uint64_t>(first + r), 0,
                                            static_cast<std::uint32_t>(c))[0]);
      }
    }
  }
  [[nodiscard]] double wait_seconds() const override { return 0; }
  [[nodiscard]] Index bytes() const override { return 0; }

  Index failing_shard = -1;

 private:
  ShardPlan plan_;
  CounterRandom random_{3, Purpose::generation};
};

struct Outcome {
  std::vector<float> parameters;
  double loss = 0;
};

// A few steps of Adam by the engine on `communicator`.
Outcome train(const Communicator& communicator, const ShardPlan& plan, Index threads, bool tree,
              Index bucket_bytes, bool overlap = true) {
  const Autoencoder model(small_spec());
  Buffer<float> parameters(model.layout().size());
  Buffer<float> sum(model.layout().size());
  initialize(model.layout(), model.roles(), Initialization::glorot_uniform, 5, parameters.span());
  const ReducerSettings settings{plan.shards(), bucket_bytes, sum.span(), parameters.span()};
  const auto reducer = tree ? make_tree_reducer(communicator, settings)
                            : make_allreduce_reducer(communicator, settings);
  WorkerPool pool(threads);
  const auto optimizer = make_optimizer({});
  SegmentUpdate update(model, *optimizer, *reducer, pool, {}, Communicator::world(), false);
  GradientEngine engine(model, plan, plan.shards_of_rank(communicator.rank(), communicator.size()),
                        pool, sum.span());
  if (!overlap) engine.exchange_afterwards();
  KeyedSource source(plan);
  GradientEngine::StepSums sums;
  Outcome outcome;
  for (Index step = 0; step < plan.steps_per_epoch(); ++step) {
    engine.run(parameters.data(), source, 1, 0, step, *reducer, sums);
    EXPECT_FALSE(sums.failure);
    for (std::size_t b = 0; b < reducer->buckets().size(); ++b) {
      reducer->wait_reduce(static_cast<Index>(b));
      update.update(static_cast<Index>(b), {step + 1, 0.01, 1, 1, 1}, parameters.span(),
                    sum.span());
      reducer->start_gather(static_cast<Index>(b));
    }
    reducer->finish();
    sums.loss.normalize();
    communicator.sum(sums.loss.words());
    outcome.loss = sums.loss.value();
  }
  outcome.parameters.assign(parameters.span().begin(), parameters.span().end());
  return outcome;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

TEST(GradientEngine, ranks_threads_and_buckets_do_not_change_a_bit) {
  const auto world = Communicator::world();
  for (const Index shards : {1, 2, 4, 7, 16, 23}) {
    if (shards < world.size()) continue;
    // 97 samples: shards of unequal sizes, a short and sometimes an empty last micro-batch.
    const ShardPlan plan(97, shards, 4);
    const Outcome serial = train(Communicator::self(), plan, 1, true, 4 << 20);
    for (const Index threads : {1, 2, 3}) {
      for (const Index bucket_bytes : {256, 1024, 4 << 20}) {
        const Outcome parallel = train(world, plan, threads, true, bucket_bytes);
        EXPECT_TRUE(same_bits(serial.parameters, parallel.parameters))
            << shards << " shards, " << threads << " threads, buckets of " << bucket_bytes;
        EXPECT_EQ(serial.loss, parallel.loss);
      }
      EXPECT_TRUE(
          same_bits(serial.parameters, train(world, plan, threads, true, 1024, false).parameters));
    }
  }
}

TEST(GradientEngine, allreduce_is_close_to_tree) {
  const auto world = Communicator::world();
  const ShardPlan plan(97, 8, 4);
  const Outcome tree = train(world, plan, 2, true, 1024);
  const Outcome classic = train(world, plan, 2, false, 1024);
  for (std::size_t i = 0; i < tree.parameters.size(); ++i)
    ASSERT_NEAR(tree.parameters[i], classic.parameters[i], 1e-4);
}

TEST(GradientEngine, sum_is_the_gradient_of_the_mean_over_the_step) {
  const auto world = Communicator::world();
  const Autoencoder model(small_spec());
  const ShardPlan plan(64, 8, 8);
  Buffer<float> parameters(model.layout().size());
  Buffer<float> sum(model.layout().size());
  initialize(model.layout(), model.roles(), Initialization::glorot_uniform, 5, parameters.span());
  const auto reducer =
      make_tree_reducer(world, {plan.shards(), 1024, sum.span(), parameters.span()});
  WorkerPool pool(2);
  GradientEngine engine(model, plan, plan.shards_of_rank(world.rank(), world.size()), pool,
                        sum.span());
  KeyedSource source(plan);
  GradientEngine::StepSums sums;
  engine.run(parameters.data(), source, 1, 0, 0, *reducer, sums);
  for (std::size_t b = 0; b < reducer->buckets().size(); ++b)
    reducer->wait_reduce(static_cast<Index>(b));

  // The textbook: one pass over the whole batch.
  Buffer<float> batch(64 * features);
  std::vector<std::uint64_t> ids(64);
  for (Index shard = 0; shard < 8; ++shard) {
    source.gather(shard, 0, Matrix(batch.data() + shard * 8 * features, 8, features),
                  std::span(ids).subspan(shard * 8, 8));
  }
  Buffer<float> gradient(model.layout().size());
  auto workspace = model.make_workspace(64);
  const ConstMatrix x(batch.data(), 64, features);
  model.train_pass(parameters.data(), x, x, 1.0F / 64, workspace, gradient.data(),
                   {true, 1, 0, ids}, [](Range) {});
  for (std::size_t b = 0; b < reducer->buckets().size(); ++b) {
    const Range owned = reducer->owned(static_cast<Index>(b));
    for (Index i = owned.begin; i < owned.end; ++i) ASSERT_NEAR(sum[i], gradient[i], 2e-5) << i;
    reducer->start_gather(static_cast<Index>(b));
  }
  reducer->finish();
}

TEST(GradientEngine, failing_source_completes_the_step_and_reports) {
  const auto world = Communicator::world();
  const Autoencoder model(small_spec());
  const ShardPlan plan(64, 8, 8);
  Buffer<float> parameters(model.layout().size());
  Buffer<float> sum(model.layout().size());
  const auto reducer =
      make_tree_reducer(world, {plan.shards(), 1024, sum.span(), parameters.span()});
  WorkerPool pool(1);
  GradientEngine engine(model, plan, plan.shards_of_rank(world.rank(), world.size()), pool,
                        sum.span());
  KeyedSource source(plan);
  source.failing_shard = 7;  // the last rank's
  GradientEngine::StepSums sums;
  engine.run(parameters.data(), source, 1, 0, 0, *reducer, sums);
  EXPECT_EQ(sums.failure != nullptr, world.rank() == world.size() - 1);
  for (std::size_t b = 0; b < reducer->buckets().size(); ++b) {
    reducer->wait_reduce(static_cast<Index>(b));
    reducer->start_gather(static_cast<Index>(b));
  }
  reducer->finish();
}

}  // namespace
}  // namespace hourglass
