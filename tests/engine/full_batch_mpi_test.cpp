#include "engine/full_batch.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <memory>
#include <vector>

#include "engine/small_training.hpp"
#include "support/expect_error.hpp"
#include "support/shared_folder.hpp"

namespace hourglass {
namespace {

using namespace engine_test;
using namespace io_test;

class FullBatchTest : public testing::Test {
 protected:
  // L-BFGS on the ranks of a communicator.
  struct Run {
    Run(const FullBatchTest& test, const Communicator& communicator, Index threads,
        Reduction reduction = Reduction::tree)
        : pool(threads), parameters(initial_parameters(test.model_)), source(test.plan_) {
      StageSettings settings;
      settings.optimizer.name = lbfgs_name;
      settings.optimizer.weight_decay = 1e-3;
      settings.epochs = 10;
      settings.bucket_bytes = 1024;
      settings.reduction = reduction;
      TrainConfig config;
      config.seed = 1;
      config.lbfgs_history = 3;
      stage = std::make_unique<Stage>(communicator, test.model_, test.plan_, pool,
                                      parameters.span(), settings);
      full_batch = std::make_unique<FullBatch>(communicator, *stage, config);
    }

    void iterate(int count, bool first) {
      for (int i = 0; i < count; ++i) {
        const auto result = full_batch->iterate(
            source, 0, [] { return StepFlags{}; }, first && i == 0);
        EXPECT_FALSE(result.stopped);
        losses.push_back(result.totals.mean(result.totals.loss));
      }
    }

    WorkerPool pool;
    Buffer<float> parameters;
    KeyedSource source;
    std::unique_ptr<Stage> stage;
    std::unique_ptr<FullBatch> full_batch;
    std::vector<double> losses;
  };

  Communicator world_ = Communicator::world();
  SharedFolder folder_{world_};
  Autoencoder model_{small_spec()};
  ShardPlan plan_{97, 7, 5};
};

TEST_F(FullBatchTest, ranks_and_threads_do_not_change_a_bit) {
  Run serial(*this, Communicator::self(), 1);
  serial.iterate(5, true);
  EXPECT_LT(serial.losses.back(), serial.losses.front());
  for (const Index threads : {1, 2}) {
    Run parallel(*this, world_, threads);
    parallel.iterate(5, true);
    EXPECT_TRUE(same_bits(parallel.parameters.span(), serial.parameters.span()));
    EXPECT_EQ(parallel.losses, serial.losses);
  }
}

TEST_F(FullBatchTest, stopped_iteration_leaves_the_parameters) {
  Run run(*this, world_, 1);
  run.iterate(2, true);
  const std::vector<float> before(run.parameters.span().begin(), run.parameters.span().end());
  int calls = 0;
  const auto result = run.full_batch->iterate(
      run.source, 0, [&] { return StepFlags{++calls == 2 && world_.is_root()}; }, false);
  EXPECT_TRUE(result.stopped);
  EXPECT_TRUE(same_bits(run.parameters.span(), before));
  run.iterate(1, false);
}

// Gathers keep -0; the parameters of L-BFGS are never -0, on any number of ranks.
TEST_F(FullBatchTest, zero_parameters_are_positive) {
  for (const Reduction reduction : {Reduction::tree, Reduction::allreduce}) {
    Run run(*this, world_, 1, reduction);
    std::ranges::fill(run.parameters.span(), -0.0F);
    run.iterate(1, true);
    Index zeros = 0;
    for (const float value : run.parameters.span()) {
      if (value != 0) continue;
      ++zeros;
      ASSERT_EQ(std::bit_cast<std::uint32_t>(value), 0U);
    }
    EXPECT_GT(zeros, 0) << "a test without zeros";
  }
}

TEST_F(FullBatchTest, resumed_run_reads_its_part_and_continues_with_the_same_bits) {
  for (const Reduction reduction : {Reduction::tree, Reduction::allreduce}) {
    Run whole(*this, world_, 1, reduction);
    whole.iterate(4, true);
    const std::string path = folder_.file("checkpoint.h5");
    const auto tensors = stored_tensors(model_.layout());
    StateHeader header;
    auto arenas = whole.full_batch->stored(tensors, header.position);
    arenas.insert(arenas.begin(),
                  {"/model", tensors, {{0, whole.parameters.size()}}, {whole.parameters.data()}});
    write_state_file(world_, path, header, arenas);
    const Index pairs = header.position.at("lbfgs_pairs");
    EXPECT_EQ(pairs, 3);

    Run resumed(*this, world_, 2, reduction);
    const StateFile file = open_state_file(path);
    read_arena(file, "/model", resumed.parameters.span());
    std::vector<std::int64_t> bytes = {resumed.full_batch->load(file)};
    Index own = 0;
    for (const Range& range : resumed.stage->owned()) own += range.size();
    EXPECT_LE(bytes[0], 2 * pairs * own * 4);
    world_.sum(bytes);
    const Index copies = reduction == Reduction::tree ? 1 : world_.size();
    EXPECT_EQ(bytes[0], copies * 2 * pairs * model_.layout().parameter_count() * 4);
    whole.iterate(2, false);
    resumed.iterate(2, false);
    EXPECT_TRUE(same_bits(resumed.parameters.span(), whole.parameters.span()));
  }
}

TEST_F(FullBatchTest, checkpoint_of_another_optimizer_is_refused_everywhere) {
  const std::string path = folder_.file("other.h5");
  Run run(*this, world_, 1);
  const std::vector<StoredArena> arenas = {{"/model",
                                            stored_tensors(model_.layout()),
                                            {{0, run.parameters.size()}},
                                            {run.parameters.data()}}};
  write_state_file(world_, path, {}, arenas);
  const StateFile file = open_state_file(path);
  expect_error(ErrorKind::data, "not of a run with --optimizer lbfgs",
               [&] { run.full_batch->load(file); });
}

}  // namespace
}  // namespace hourglass
