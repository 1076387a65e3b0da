#include <gtest/gtest.h>

#include <cmath>

#include "analysis/code_statistics.hpp"
#include "analysis/sample_file.hpp"
#include "hourglass/core/error.hpp"
#include "support/small_model.hpp"

namespace hourglass {
namespace {

constexpr Index columns = 3;

std::vector<float> samples() {
  std::vector<float> values;
  for (Index i = 0; i < 11 * columns; ++i)
    values.push_back(static_cast<float>(std::sin(static_cast<double>(i))));
  return values;
}

// h = (x0, x1 / 1000): one unit that is active for most samples, one that never is.
Model scaled_copy() {
  AutoencoderSpec spec;
  spec.encoder = {columns, 2};
  Model model = small_model(spec);
  set_tensor(model, "encoder/0/weight", {1, 0, 0, 0, 0.001F, 0});
  set_tensor(model, "encoder/0/bias", {0, 0});
  return model;
}

CodeStatistics statistics_of(const Communicator& communicator, const Model& model,
                             const DatasetReader& reader, const CodeStatisticsOptions& options,
                             Index threads) {
  WorkerPool pool(threads);
  return code_statistics(communicator, *model.network, model.parameters.span(), reader, {}, 2, pool,
                         options);
}

TEST(CodeStatisticsMpi, are_means_over_samples) {
  const auto world = Communicator::world();
  const std::vector<float> x = samples();
  const SampleFile file(world, x, columns);
  double absolute = 0;
  double active = 0;
  for (std::size_t i = 0; i < x.size(); i += columns) {
    absolute += std::fabs(static_cast<double>(x[i]));
    absolute += std::fabs(static_cast<double>(x[i + 1] * 0.001F));
    active += std::fabs(x[i]) > 0.25F ? 1 : 0;
  }
  const Model model = scaled_copy();
  const CodeStatistics found = statistics_of(world, model, file.reader(), {0.25, true}, 2);
  EXPECT_NEAR(found.mean_absolute, absolute / 22, 1e-9);
  EXPECT_DOUBLE_EQ(found.active_units, active / 11);
  EXPECT_EQ(found.units_used, 1);
  ASSERT_TRUE(found.jacobian.has_value());
  EXPECT_NEAR(*found.jacobian, std::sqrt(1 + 1e-6), 1e-6) << "the norm of the weight";
  EXPECT_FALSE(statistics_of(world, model, file.reader(), {}, 1).jacobian.has_value());
}

TEST(CodeStatisticsMpi, variational_codes_have_divergences) {
  const auto world = Communicator::world();
  const SampleFile file(world, samples(), columns);
  AutoencoderSpec spec;
  spec.encoder = {columns, 2};
  spec.regularization.variational = true;
  Model model = small_model(spec);
  // mu = (x0, 0), ln sigma^2 = (0, 0): the second unit is the prior.
  set_tensor(model, "encoder/0/weight", {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  set_tensor(model, "encoder/0/bias", {0, 0, 0, 0});
  double expected = 0;
  const std::vector<float> x = samples();
  for (std::size_t i = 0; i < x.size(); i += columns)
    expected += 0.5 * static_cast<double>(x[i]) * static_cast<double>(x[i]) / 11;
  const CodeStatistics found = statistics_of(world, model, file.reader(), {}, 2);
  ASSERT_EQ(found.unit_divergences.size(), 2U);
  EXPECT_NEAR(found.unit_divergences[0], expected, 1e-6);
  EXPECT_EQ(found.unit_divergences[1], 0);
  EXPECT_TRUE(statistics_of(world, scaled_copy(), file.reader(), {}, 1).unit_divergences.empty());
}

TEST(CodeStatisticsMpi, jacobian_is_that_of_finite_differences) {
  const auto world = Communicator::world();
  const std::vector<float> x = {0.3F, -0.2F, 0.5F};
  const SampleFile file(world, x, columns);
  AutoencoderSpec spec;
  spec.encoder = {columns, 4, 2};
  spec.activation = Activation::tanh;
  const Model model = small_model(spec);
  Workspace workspace = model.network->make_workspace(2);
  double squares = 0;
  constexpr float step = 1e-2F;
  for (std::size_t c = 0; c < x.size(); ++c) {
    std::vector<float> two(x);
    two.insert(two.end(), x.begin(), x.end());
    two[c] -= step;
    two[columns + c] += step;
    const ConstMatrix h =
        model.network->encode(model.parameters.data(), {two.data(), 2, columns}, workspace);
    for (Index j = 0; j < 2; ++j) {
      const double slope = static_cast<double>(h(1, j) - h(0, j)) / (2.0 * step);
      squares += slope * slope;
    }
  }
  const CodeStatistics found = statistics_of(world, model, file.reader(), {0.01, true}, 1);
  ASSERT_TRUE(found.jacobian.has_value());
  EXPECT_NEAR(*found.jacobian, std::sqrt(squares), 1e-3);
}

TEST(CodeStatisticsMpi, have_the_same_bits_on_any_number_of_ranks_and_threads) {
  const auto world = Communicator::world();
  const SampleFile file(world, samples(), columns);
  AutoencoderSpec spec;
  spec.encoder = {columns, 5, 2};
  const Model model = small_model(spec);
  const CodeStatisticsOptions options{0.1, true};
  const CodeStatistics all = statistics_of(world, model, file.reader(), options, 2);
  const CodeStatistics alone =
      statistics_of(Communicator::self(), model, file.reader(), options, 1);
  EXPECT_EQ(all.mean_absolute, alone.mean_absolute);
  EXPECT_EQ(all.active_units, alone.active_units);
  EXPECT_EQ(all.units_used, alone.units_used);
  EXPECT_EQ(all.jacobian, alone.jacobian);
}

TEST(CodeStatisticsMpi, refuse_the_jacobian_of_what_is_not_a_chain_of_dense_layers) {
  const auto world = Communicator::world();
  const SampleFile file(world, samples(), columns);
  AutoencoderSpec spec;
  spec.encoder = {columns, 4, 2};
  spec.layer_norm = true;
  const Model model = small_model(spec);
  EXPECT_THROW(static_cast<void>(statistics_of(world, model, file.reader(), {0.01, true}, 1)),
               Error);
}

}  // namespace
}  // namespace hourglass
