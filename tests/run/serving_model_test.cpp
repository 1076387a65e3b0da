#include "run/serving_model.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <thread>

#include "hourglass/core/error.hpp"
#include "hourglass/run/trained_model.hpp"
#include "run/servable_model.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;

constexpr Index rows = 150;  // micro-batches of 64, 64 and 22

class ServingModelTest : public testing::Test {
 protected:
  std::string model(const std::string& settings) {
    std::string path = folder_.file("model" + std::to_string(written_++) + ".h5");
    write_servable_model(path, settings);
    return path;
  }

  TemporaryFolder folder_;
  int written_ = 0;
};

// What the calls of a division of the rows write, one after the other.
template <class Call>
std::vector<float> in_parts(Index size, Index columns, const Call& call) {
  std::vector<float> results(static_cast<std::size_t>(rows * columns));
  for (Index begin = 0; begin < rows; begin += size)
    call(begin, std::min(size, rows - begin), results.data() + begin * columns);
  return results;
}

TEST_F(ServingModelTest, gives_the_bits_of_the_program_in_any_parts) {
  for (const char* settings : {
           "layers = 24,11,5\n",
           "layers = 700,70,9\nactivation = relu\n",
           "layers = 24,11,5\ntied = true\nhidden-noise = dropout:0.2\n",
           "layers = 40,20,6\nvariational = true\n",
           "layers = 24,11,5\nlayer-norm = true\n",
           "layers = 24,11,8\nk-sparse = 3\n",
           "layers = 4x2x3,conv:2x3,5\n",
           "layers = 4x2x3,conv:2x3,5\nchannels = first\n",
           "layers = 24,11,5\nmissing = mask\n",
       }) {
    SCOPED_TRACE(settings);
    const std::string path = model(settings);
    const TrainedModel program = TrainedModel::load(path);
    const ServingModel served(path);
    OwnedMatrix samples = byte_samples(rows, program.features());
    if (std::string(settings).find("missing") != std::string::npos) samples(3, 4) = std::nanf("");
    InferenceSettings as_given;
    as_given.data_scale = 1;
    const OwnedMatrix codes = program.encode(samples, as_given);
    const OwnedMatrix outputs = program.reconstruct(samples, as_given);
    const float* x = samples.values().data();
    for (const Index size : {Index{1}, Index{7}, Index{64}, Index{100}, rows}) {
      if (!served.batch_invariant() && size % 64 != 0 && size != rows) continue;
      SCOPED_TRACE(size);
      const auto encoded =
          in_parts(size, served.code_size(), [&](Index begin, Index count, float* to) {
            served.encode(ElementType::f32, x + begin * served.features(), count, to);
          });
      EXPECT_TRUE(std::ranges::equal(encoded, codes.values()));
      const auto decoded =
          in_parts(size, served.outputs(), [&](Index begin, Index count, float* to) {
            served.decode(codes.values().data() + begin * served.code_size(), count, to);
          });
      EXPECT_TRUE(std::ranges::equal(decoded, outputs.values()));
      const auto reconstructed =
          in_parts(size, served.outputs(), [&](Index begin, Index count, float* to) {
            served.reconstruct(ElementType::f32, x + begin * served.features(), count, to);
          });
      EXPECT_TRUE(std::ranges::equal(reconstructed, outputs.values()));
    }
  }
}

TEST_F(ServingModelTest, takes_doubles) {
  const ServingModel served(model("layers = 24,11,5\n"));
  const OwnedMatrix samples = byte_samples(rows, 24);
  const std::vector<double> wide(samples.values().begin(), samples.values().end());
  std::vector<float> codes(rows * 5);
  std::vector<float> of_doubles(codes.size());
  served.encode(ElementType::f32, samples.values().data(), rows, codes.data());
  served.encode(ElementType::f64, wide.data(), rows, of_doubles.data());
  for (std::size_t i = 0; i < codes.size(); ++i) EXPECT_NEAR(of_doubles[i], codes[i], 1e-6F);
}

TEST_F(ServingModelTest, is_used_by_many_threads_at_once) {
  const ServingModel served(model("layers = 24,11,5\n"));
  const OwnedMatrix samples = byte_samples(rows, 24);
  const float* x = samples.values().data();
  std::vector<float> codes(rows * 5);
  std::vector<float> outputs(rows * 24);
  served.encode(ElementType::f32, x, rows, codes.data());
  served.reconstruct(ElementType::f32, x, rows, outputs.data());
  const Index size = served.batch_invariant() ? 9 : 64;
  std::atomic<int> differing{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      const auto encoded = in_parts(size, 5, [&](Index begin, Index count, float* to) {
        served.encode(ElementType::f32, x + begin * 24, count, to);
      });
      const auto reconstructed = in_parts(rows, 24, [&](Index begin, Index count, float* to) {
        served.reconstruct(ElementType::f32, x + begin * 24, count, to);
      });
      differing += encoded != codes || reconstructed != outputs ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(differing, 0);
}

TEST_F(ServingModelTest, refuses_what_the_model_does_not_take) {
  const ServingModel served(model("layers = 24,11,5\n"));
  OwnedMatrix samples = byte_samples(3, 24);
  std::vector<float> codes(3 * 5, -1.0F);
  const auto encode = [&] {
    served.encode(ElementType::f32, samples.values().data(), 3, codes.data());
  };
  samples(2, 5) = std::nanf("");
  expect_error(ErrorKind::data, "row 2 of the samples holds a NaN or infinity (column 5)", encode);
  samples(2, 5) = std::numeric_limits<float>::infinity();
  expect_error(ErrorKind::data, "row 2 of the samples holds a NaN or infinity (column 5)", encode);
  EXPECT_EQ(codes, std::vector<float>(codes.size(), -1.0F));
  const std::vector<double> wide(24, 1e300);
  expect_error(ErrorKind::data, "row 0 of the samples",
               [&] { served.encode(ElementType::f64, wide.data(), 1, codes.data()); });
  codes[7] = std::nanf("");
  expect_error(ErrorKind::data, "row 1 of the codes holds a NaN or infinity (column 2)",
               [&] { served.decode(codes.data(), 3, samples.values().data()); });
  const std::string path = folder_.file("conditions.h5");
  write_servable_model(path, "layers = 24,11,5\n", {{"batch", {"a", "b"}}});
  expect_error(ErrorKind::usage, "conditions of its samples, which the C interface does not take",
               [&] { static_cast<void>(ServingModel(path)); });
}

}  // namespace
}  // namespace hourglass
