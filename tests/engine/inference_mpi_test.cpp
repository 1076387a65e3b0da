#include "engine/inference.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <mutex>
#include <vector>

#include "engine/small_training.hpp"
#include "support/expect_error.hpp"
#include "support/hdf5_files.hpp"
#include "support/shared_folder.hpp"

namespace hourglass {
namespace {

using namespace engine_test;
using namespace io_test;

constexpr Index rows = 53;
constexpr Index micro_batch = 8;

float sample_value(Index row, Index feature) {
  return uniform_unit(
      CounterRandom(9, Purpose::generation)
          .bits(static_cast<std::uint64_t>(row), 0, static_cast<std::uint32_t>(feature))[0]);
}

class InferenceTest : public testing::Test {
 protected:
  // A file for all ranks, in which `broken_row` (if any) holds a NaN.
  DatasetReader make_data(const std::string& name, Index columns = features,
                          Index broken_row = -1) {
    const std::string path = folder_.file(name);
    if (world_.is_root()) {
      std::vector<float> values;
      for (Index r = 0; r < rows; ++r) {
        for (Index c = 0; c < columns; ++c) {
          values.push_back(r == broken_row && c == 2 ? std::numeric_limits<float>::quiet_NaN()
                                                     : sample_value(r, c));
        }
      }
      write_dataset<float>(path, {rows, static_cast<hsize_t>(columns)}, values);
    }
    world_.barrier();
    return DatasetReader({path, "/x"});
  }

  Communicator world_ = Communicator::world();
  SharedFolder folder_{world_};
  Autoencoder model_{small_spec()};
  Buffer<float> parameters_ = initial_parameters(model_);
};

TEST(InferencePlan, every_row_belongs_to_one_micro_batch_of_one_rank) {
  for (const Index count : {0, 1, 7, 8, 9, 100}) {
    const InferencePlan plan{count, 8};
    for (Index ranks = 1; ranks <= 16; ++ranks) {
      Index next = 0;
      for (Index rank = 0; rank < ranks; ++rank) {
        const Range own = plan.of_rank(rank, ranks);
        for (Index k = own.begin; k < own.end; ++k) {
          EXPECT_EQ(plan.rows_of(k).begin, next);
          EXPECT_EQ(plan.rows_of(k).begin % 8, 0);
          EXPECT_LE(plan.rows_of(k).size(), 8);
          next = plan.rows_of(k).end;
        }
      }
      EXPECT_EQ(next, count);
    }
  }
}

TEST_F(InferenceTest, every_row_of_the_rank_is_visited_once_and_transformed) {
  const DatasetReader reader = make_data("data.h5");
  const InputTransform transform{2.0, {}, {}};
  const InferencePlan plan{rows, micro_batch};
  const Range own = plan.of_rank(world_.rank(), world_.size());
  for (const Index threads : {1, 3}) {
    WorkerPool pool(threads);
    std::mutex mutex;
    std::vector<std::int64_t> visits(rows);
    for_each_micro_batch(reader, transform, plan, own, pool,
                         [&](Index worker, Range batch, ConstMatrix x) {
                           const std::lock_guard lock(mutex);
                           EXPECT_LT(worker, threads);
                           EXPECT_EQ(x.rows, batch.size());
                           EXPECT_EQ(x.columns, features);
                           for (Index r = 0; r < x.rows; ++r) {
                             ++visits[static_cast<std::size_t>(batch.begin + r)];
                             for (Index c = 0; c < features; ++c)
                               EXPECT_EQ(x(r, c), sample_value(batch.begin + r, c) / 2.0F);
                           }
                         });
    world_.sum(visits);
    EXPECT_EQ(visits, std::vector<std::int64_t>(rows, 1));
  }
}

TEST_F(InferenceTest, evaluation_equals_a_plain_loop_on_any_ranks_and_threads) {
  const DatasetReader reader = make_data("data.h5");
  // One row after the other, in double.
  double loss = 0;
  double squared_error = 0;
  Workspace workspace = model_.make_workspace(1);
  for (Index r = 0; r < rows; ++r) {
    std::vector<float> x(features);
    for (Index c = 0; c < features; ++c) x[static_cast<std::size_t>(c)] = sample_value(r, c);
    const LossSums sums = model_.evaluate(parameters_.data(), {x.data(), 1, features}, workspace);
    loss += sums.loss;
    squared_error += sums.squared_error;
  }
  WorkerPool one(1);
  const Evaluation serial =
      evaluate(Communicator::self(), model_, parameters_.span(), reader, {}, micro_batch, one);
  EXPECT_EQ(serial.samples, rows);
  EXPECT_NEAR(serial.loss, loss / rows, 1e-5);
  EXPECT_NEAR(serial.sse, squared_error / rows, 1e-5);
  EXPECT_DOUBLE_EQ(serial.mse, serial.sse / features);
  EXPECT_DOUBLE_EQ(serial.psnr, 10 * std::log10(1 / serial.mse));
  EXPECT_EQ(serial.penalty, 0);
  for (const Index threads : {1, 2, 4}) {
    WorkerPool pool(threads);
    const Evaluation parallel =
        evaluate(world_, model_, parameters_.span(), reader, {}, micro_batch, pool);
    EXPECT_EQ(parallel.loss, serial.loss);
    EXPECT_EQ(parallel.sse, serial.sse);
    EXPECT_EQ(parallel.psnr, serial.psnr);
  }
}

TEST_F(InferenceTest, divergences_of_units_are_exact_means) {
  const DatasetReader reader = make_data("data.h5");
  AutoencoderSpec spec = small_spec();
  spec.regularization.variational = true;
  const Autoencoder model(spec);
  const Buffer<float> parameters = initial_parameters(model);
  WorkerPool one(1);
  const Evaluation serial =
      evaluate(Communicator::self(), model, parameters.span(), reader, {}, micro_batch, one);
  ASSERT_EQ(serial.unit_divergences.size(), 5U);
  double sum = 0;
  for (const double divergence : serial.unit_divergences) sum += divergence;
  EXPECT_NEAR(sum, serial.penalty, 1e-6) << "beta is 1";
  WorkerPool pool(2);
  const Evaluation parallel =
      evaluate(world_, model, parameters.span(), reader, {}, micro_batch, pool);
  EXPECT_EQ(parallel.unit_divergences, serial.unit_divergences);
  std::vector<float> weights(rows, 0.0F);
  weights[rows - 1] = rows;
  const Evaluation weighted =
      evaluate(world_, model, parameters.span(), reader, {}, micro_batch, pool, weights);
  EXPECT_NE(weighted.unit_divergences, serial.unit_divergences);
  EXPECT_TRUE(
      evaluate(world_, model_, parameters_.span(), reader, {}, 3, pool).unit_divergences.empty());
}

TEST_F(InferenceTest, row_that_is_not_finite_is_one_error_everywhere) {
  const DatasetReader reader = make_data("nan.h5", features, rows - 1);
  WorkerPool pool(2);
  const std::string message = expect_error(ErrorKind::data, "row 52", [&] {
    (void)evaluate(world_, model_, parameters_.span(), reader, {}, micro_batch, pool);
  });
  for (const std::string& other : world_.all_gather(message)) EXPECT_EQ(other, message);
}

TEST_F(InferenceTest, exception_of_a_visitor_is_passed_on) {
  const DatasetReader reader = make_data("data.h5");
  WorkerPool pool(3);
  expect_error(ErrorKind::io, "disk is full", [&] {
    for_each_micro_batch(reader, {}, {rows, micro_batch}, {0, 7}, pool,
                         [](Index, Range batch, ConstMatrix) {
                           if (batch.begin == 3 * micro_batch)
                             throw Error(ErrorKind::io, "disk is full");
                         });
  });
}

TEST_F(InferenceTest, other_number_of_features_is_one_error_everywhere) {
  const DatasetReader reader = make_data("wide.h5", features + 1);
  WorkerPool pool(1);
  expect_error(ErrorKind::data, "14 features, but the network takes 13", [&] {
    (void)evaluate(world_, model_, parameters_.span(), reader, {}, micro_batch, pool);
  });
  EXPECT_NO_THROW(check_features(reader.info(), features + 1));
}

}  // namespace
}  // namespace hourglass
