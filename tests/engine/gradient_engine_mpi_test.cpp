#include "engine/gradient_engine.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <vector>

#include "engine/sharded_optimizer.hpp"
#include "engine/small_training.hpp"

namespace hourglass {
namespace {

using namespace engine_test;

struct Outcome {
  std::vector<float> parameters;
  double loss = 0;
  Index sent_bytes = 0;
};

struct Variant {
  Index threads = 1;
  Index bucket_bytes = 4 << 20;
  Reduction reduction = Reduction::tree;
  bool overlap = true;
  bool sparse_code = false;
  SparseExchange sparse_exchange = SparseExchange::automatic;
  bool sparse_update = false;
};

// 150 units, of which few are active in a step.
AutoencoderSpec sparse_spec() {
  AutoencoderSpec spec;
  spec.encoder = {features, 150};
  spec.feature_mean = false;
  spec.sparsity.selection = {.kind = Selection::top_k, .k = 1};
  return spec;
}

// A few steps of Adam by the engine on `communicator`.
Outcome train(const Communicator& communicator, const ShardPlan& plan, const Variant& variant) {
  const Autoencoder model(variant.sparse_code ? sparse_spec() : small_spec());
  Buffer<float> parameters = initial_parameters(model);
  GradientExchangeSettings settings{variant.reduction, plan.shards(), variant.bucket_bytes};
  settings.active_rows = model.active_rows();
  settings.sparse_exchange = variant.sparse_exchange;
  settings.sparse_update = variant.sparse_update;
  GradientExchange exchange(communicator, parameters.span(), settings);
  WorkerPool pool(variant.threads);
  const auto optimizer = make_optimizer({});
  UpdateSettings update_settings;
  update_settings.sparse = variant.sparse_update;
  ShardedOptimizer update(model, *optimizer, exchange, pool, update_settings);
  GradientEngine engine(model, plan, plan.shards_of_rank(communicator.rank(), communicator.size()),
                        pool, exchange, {.overlap = variant.overlap});
  KeyedSource source(plan);
  Outcome outcome;
  for (Index step = 0; step < plan.steps_per_epoch(); ++step) {
    StepSums& sums = engine.run(parameters.data(), source, 1, 0, step);
    EXPECT_FALSE(sums.failure);
    exchange.update_parameters([&](Index bucket, std::span<const float> gradient) {
      update.update(bucket, {step + 1, 0.01, 1, 1, 1}, gradient);
    });
    communicator.sum(sums.loss.words());
    outcome.loss = sums.loss.value();
  }
  outcome.parameters.assign(parameters.span().begin(), parameters.span().end());
  outcome.sent_bytes = communicator.max(exchange.take_sent_bytes());
  return outcome;
}

TEST(GradientEngine, ranks_threads_and_buckets_do_not_change_a_bit) {
  const auto world = Communicator::world();
  for (const Index shards : {1, 2, 4, 7, 16, 23}) {
    if (shards < world.size()) continue;
    // 97 samples: shards of unequal sizes, a short and sometimes an empty last micro-batch.
    const ShardPlan plan(97, shards, 4);
    const Outcome serial = train(Communicator::self(), plan, {});
    for (const Index threads : {1, 2, 3}) {
      for (const Index bucket_bytes : {256, 1024, 4 << 20}) {
        const Outcome parallel = train(world, plan, {threads, bucket_bytes});
        EXPECT_TRUE(same_bits(serial.parameters, parallel.parameters))
            << shards << " shards, " << threads << " threads, buckets of " << bucket_bytes;
        EXPECT_EQ(serial.loss, parallel.loss);
      }
      EXPECT_TRUE(
          same_bits(serial.parameters,
                    train(world, plan, {.threads = threads, .bucket_bytes = 1024, .overlap = false})
                        .parameters));
    }
  }
}

// Rows of units that are not used in a step are not cleared, added or sent.
TEST(GradientEngine, rows_without_gradient_do_not_change_a_bit) {
  const auto world = Communicator::world();
  for (const Index shards : {4, 7}) {
    const ShardPlan plan(97, shards, 2);
    for (const bool sparse_update : {false, true}) {
      Variant variant{.sparse_code = true, .sparse_update = sparse_update};
      variant.sparse_exchange = SparseExchange::never;
      const Outcome serial = train(Communicator::self(), plan, variant);
      variant.bucket_bytes = 1024;
      const Outcome whole = train(world, plan, variant);
      EXPECT_TRUE(same_bits(serial.parameters, whole.parameters));
      variant.sparse_exchange = SparseExchange::always;
      for (const Index threads : {1, 2, 3}) {
        variant.threads = threads;
        const Outcome packed = train(world, plan, variant);
        EXPECT_TRUE(same_bits(serial.parameters, packed.parameters))
            << shards << " shards, " << threads << " threads";
        EXPECT_EQ(serial.loss, packed.loss);
        if (world.size() > 1) {
          EXPECT_LT(packed.sent_bytes, whole.sent_bytes);
        }
      }
    }
  }
}

TEST(GradientEngine, sum_of_sparse_codes_is_the_tree_over_the_shards) {
  const auto world = Communicator::world();
  const Autoencoder model(sparse_spec());
  const ShardPlan plan(97, 5, 4);
  Buffer<float> parameters = initial_parameters(model);
  GradientExchangeSettings settings{Reduction::tree, plan.shards(), 512};
  settings.active_rows = model.active_rows();
  settings.sparse_exchange = SparseExchange::always;
  GradientExchange exchange(world, parameters.span(), settings);
  WorkerPool pool(2);
  GradientEngine engine(model, plan, plan.shards_of_rank(world.rank(), world.size()), pool,
                        exchange);
  KeyedSource source(plan);
  SlowStep slow(model, plan);
  for (Index step = 0; step < 3; ++step) {
    engine.run(parameters.data(), source, 1, 0, step);
    const std::vector<float> expected = slow.gradient(parameters.data(), source, 1, step);
    exchange.read_gradient([&](Index bucket, std::span<const float> gradient) {
      const Range owned = exchange.owned()[static_cast<std::size_t>(bucket)];
      for (Index i = owned.begin; i < owned.end; ++i) {
        const auto at = static_cast<std::size_t>(i);
        ASSERT_EQ(std::bit_cast<std::uint32_t>(gradient[at]),
                  std::bit_cast<std::uint32_t>(expected[at]))
            << i;
      }
    });
  }
}

TEST(GradientEngine, allreduce_is_close_to_tree) {
  const auto world = Communicator::world();
  const ShardPlan plan(97, 8, 4);
  const Outcome tree = train(world, plan, {2, 1024});
  const Outcome classic = train(world, plan, {2, 1024, Reduction::allreduce});
  for (std::size_t i = 0; i < tree.parameters.size(); ++i)
    ASSERT_NEAR(tree.parameters[i], classic.parameters[i], 1e-4);
}

TEST(GradientEngine, sum_is_the_gradient_of_the_mean_over_the_step) {
  const auto world = Communicator::world();
  const Autoencoder model(small_spec());
  const ShardPlan plan(64, 8, 8);
  Buffer<float> parameters = initial_parameters(model);
  GradientExchange exchange(world, parameters.span(), {Reduction::tree, plan.shards(), 1024});
  WorkerPool pool(2);
  GradientEngine engine(model, plan, plan.shards_of_rank(world.rank(), world.size()), pool,
                        exchange);
  KeyedSource source(plan);
  engine.run(parameters.data(), source, 1, 0, 0);

  // The textbook: one pass over the whole batch.
  Buffer<float> batch(64 * features);
  std::vector<std::uint64_t> ids(64);
  for (Index shard = 0; shard < 8; ++shard) {
    source.gather(shard, 0, Matrix(batch.data() + shard * 8 * features, 8, features),
                  std::span(ids).subspan(shard * 8, 8));
  }
  Buffer<float> expected(model.layout().size());
  auto workspace = model.make_workspace(64);
  const ConstMatrix x(batch.data(), 64, features);
  model.train_pass(parameters.data(), x, x, 1.0F / 64, workspace, expected.data(),
                   {true, 1, 0, ids}, [](Range) {});
  exchange.read_gradient([&](Index bucket, std::span<const float> gradient) {
    const Range owned = exchange.owned()[static_cast<std::size_t>(bucket)];
    for (Index i = owned.begin; i < owned.end; ++i)
      EXPECT_NEAR(gradient[static_cast<std::size_t>(i)], expected[i], 2e-5) << i;
  });
}

TEST(GradientEngine, sum_is_the_tree_over_the_shards_bit_for_bit) {
  const auto world = Communicator::world();
  const Autoencoder model(small_spec());
  for (const Index shards : {4, 5, 13}) {
    const ShardPlan plan(97, shards, 4);
    Buffer<float> parameters = initial_parameters(model);
    GradientExchange exchange(world, parameters.span(), {Reduction::tree, plan.shards(), 512});
    WorkerPool pool(2);
    GradientEngine engine(model, plan, plan.shards_of_rank(world.rank(), world.size()), pool,
                          exchange);
    KeyedSource source(plan);
    SlowStep slow(model, plan);
    for (Index step = 0; step < 2; ++step) {
      engine.run(parameters.data(), source, 1, 0, step);
      const std::vector<float> expected = slow.gradient(parameters.data(), source, 1, step);
      exchange.read_gradient([&](Index bucket, std::span<const float> gradient) {
        const Range owned = exchange.owned()[static_cast<std::size_t>(bucket)];
        const auto part = [&](std::span<const float> arena) {
          return arena.subspan(static_cast<std::size_t>(owned.begin),
                               static_cast<std::size_t>(owned.size()));
        };
        EXPECT_TRUE(same_bits(part(gradient), part(expected)))
            << shards << " shards, step " << step << ", bucket " << bucket;
      });
    }
  }
}

TEST(GradientEngine, failing_source_completes_the_step_and_reports) {
  const auto world = Communicator::world();
  const Autoencoder model(small_spec());
  const ShardPlan plan(64, 8, 8);
  Buffer<float> parameters(model.layout().size());
  GradientExchange exchange(world, parameters.span(), {Reduction::tree, plan.shards(), 1024});
  WorkerPool pool(1);
  GradientEngine engine(model, plan, plan.shards_of_rank(world.rank(), world.size()), pool,
                        exchange);
  KeyedSource source(plan);
  source.failing_shard = 7;  // the last rank's
  const StepSums& sums = engine.run(parameters.data(), source, 1, 0, 0);
  EXPECT_EQ(sums.failure != nullptr, world.rank() == world.size() - 1);
  exchange.update_parameters([](Index, std::span<const float>) {});
}

}  // namespace
}  // namespace hourglass
