#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "analysis/denoising.hpp"
#include "analysis/sample_file.hpp"
#include "engine/inference.hpp"
#include "support/small_model.hpp"

namespace hourglass {
namespace {

constexpr Index rows = 9;
constexpr Index columns = 4;

std::vector<float> samples() {
  std::vector<float> values;
  for (Index i = 0; i < rows * columns; ++i)
    values.push_back(static_cast<float>(std::fabs(std::sin(static_cast<double>(i)))));
  return values;
}

Model model_of_four() {
  AutoencoderSpec spec;
  spec.encoder = {columns, 3, 2};
  return small_model(spec);
}

double sse_with(const Communicator& communicator, const Model& model, const DatasetReader& reader,
                const CorruptionSpec& corruption, std::uint64_t seed = 1, Index threads = 2) {
  WorkerPool pool(threads);
  return denoising_sse(communicator, *model.network, model.parameters.span(), reader, {}, 2, pool,
                       {corruption, {}, seed});
}

TEST(DenoisingMpi, without_noise_is_the_reconstruction_error) {
  const auto world = Communicator::world();
  const SampleFile file(world, samples(), columns);
  const Model model = model_of_four();
  WorkerPool pool(1);
  const Evaluation clean =
      evaluate(world, *model.network, model.parameters.span(), file.reader(), {}, 2, pool);
  EXPECT_NEAR(sse_with(world, model, file.reader(), {Corruption::none, 0}), clean.sse,
              1e-6 * clean.sse);
  EXPECT_NEAR(sse_with(world, model, file.reader(), {Corruption::masking, 0}), clean.sse,
              1e-6 * clean.sse);
}

TEST(DenoisingMpi, compares_the_reconstruction_of_noisy_samples_with_the_clean_ones) {
  const auto world = Communicator::world();
  const std::vector<float> x = samples();
  const SampleFile file(world, x, columns);
  const Model model = model_of_four();
  const ConstMatrix clean(x.data(), rows, columns);
  const CorruptionSpec corruption{Corruption::gaussian, 0.4};
  std::vector<float> noisy(x.size());
  std::vector<std::uint64_t> ids(rows);
  std::iota(ids.begin(), ids.end(), std::uint64_t{0});
  PassContext context;
  context.seed = 5;
  context.sample_ids = ids;
  corrupt(corruption, {}, context, clean, {noisy.data(), rows, columns}, {});
  Workspace workspace = model.network->make_workspace(rows);
  const ConstMatrix y =
      model.network->reconstruct(model.parameters.data(), {noisy.data(), rows, columns}, workspace);
  double sse = 0;
  for (Index r = 0; r < rows; ++r) {
    for (Index c = 0; c < columns; ++c) sse += std::pow(y(r, c) - clean(r, c), 2) / rows;
  }
  EXPECT_NEAR(sse_with(world, model, file.reader(), corruption, 5), sse, 1e-5 * sse);
}

TEST(DenoisingMpi, has_the_same_bits_on_any_number_of_ranks_and_threads) {
  const auto world = Communicator::world();
  const SampleFile file(world, samples(), columns);
  const Model model = model_of_four();
  const CorruptionSpec corruption{Corruption::salt_pepper, 0.3};
  EXPECT_EQ(sse_with(world, model, file.reader(), corruption, 3, 2),
            sse_with(Communicator::self(), model, file.reader(), corruption, 3, 1));
}

}  // namespace
}  // namespace hourglass
