#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "analysis/probe_data.hpp"
#include "analysis/sample_file.hpp"
#include "support/small_model.hpp"

namespace hourglass {
namespace {

constexpr Index columns = 2;
const std::vector<Index> chosen = {1, 2, 3, 7, 10, 11, 15, 18};

std::vector<float> samples() {
  std::vector<float> values;
  for (Index i = 0; i < 20 * columns; ++i) values.push_back(static_cast<float>(i));
  return values;
}

SampleSourceSettings settings_of(const Communicator& communicator) {
  const ShardPlan plan(static_cast<Index>(chosen.size()), 4, 1);
  return {plan, plan.shards_of_rank(communicator.rank(), communicator.size()), {3, 2, 2}, {}};
}

// Every sample of this rank's shards by its number.
std::map<std::uint64_t, std::vector<float>> gathered(SampleSource& source,
                                                     const SampleSourceSettings& settings,
                                                     Index width) {
  std::map<std::uint64_t, std::vector<float>> all;
  source.begin_epoch(0, 0);
  for (Index shard = settings.shards.begin; shard < settings.shards.end; ++shard) {
    for (Index step = 0; step < settings.plan.steps_per_epoch(); ++step) {
      const Index rows = settings.plan.positions(shard, step).size();
      if (rows == 0) continue;
      std::vector<float> x(static_cast<std::size_t>(rows * width));
      std::vector<std::uint64_t> ids(static_cast<std::size_t>(rows));
      source.gather(shard, step, {x.data(), rows, width}, ids);
      for (std::size_t r = 0; r < ids.size(); ++r) {
        const auto begin = x.begin() + static_cast<std::ptrdiff_t>(r) * width;
        all[ids[r]] = {begin, begin + width};
      }
    }
  }
  return all;
}

TEST(HoldRowsMpi, gives_the_chosen_rows_by_their_place_among_them) {
  const auto world = Communicator::world();
  const SampleFile file(world, samples(), columns);
  const SampleSourceSettings settings = settings_of(world);
  const auto source = hold_rows(world, file.reader(), chosen, settings);
  const auto all = gathered(*source, settings, columns);
  EXPECT_EQ(static_cast<Index>(all.size()),
            settings.plan.rows_of_rank(world.rank(), world.size()).size());
  for (const auto& [id, values] : all) {
    const auto row = static_cast<float>(chosen[id]);
    EXPECT_EQ(values, (std::vector<float>{2 * row, 2 * row + 1}));
  }
}

TEST(HoldCodesMpi, gives_the_codes_of_the_chosen_rows) {
  const auto world = Communicator::world();
  const SampleFile file(world, samples(), columns);
  AutoencoderSpec spec;
  spec.encoder = {columns, 1};
  Model model = small_model(spec);
  set_tensor(model, "encoder/0/weight", {1, -2});
  set_tensor(model, "encoder/0/bias", {0.5F});
  const SampleSourceSettings settings = settings_of(world);
  WorkerPool pool(2);
  const auto codes_with = [&](bool standardize, InputTransform& transform) {
    const auto source =
        hold_codes(world, file.reader(), chosen, settings,
                   {model.network.get(), model.parameters.data()}, pool, standardize, transform);
    return gathered(*source, settings, 1);
  };
  // h = x0 - 2 x1 + 1/2 = -2 row - 3/2.
  InputTransform transform;
  double mean = 0;
  for (const auto& [id, code] : codes_with(false, transform))
    EXPECT_EQ(code[0], -2 * static_cast<float>(chosen[id]) - 1.5F);
  EXPECT_TRUE(transform.mean.empty());
  for (const Index row : chosen) mean += (-2.0 * static_cast<double>(row) - 1.5) / 8;
  double variance = 0;
  for (const Index row : chosen)
    variance += std::pow(-2.0 * static_cast<double>(row) - 1.5 - mean, 2) / 8;
  const auto standardized = codes_with(true, transform);
  EXPECT_NEAR(transform.mean.at(0), mean, 1e-5);
  EXPECT_NEAR(transform.inverse_deviation.at(0), 1 / std::sqrt(variance), 1e-6);
  for (const auto& [id, code] : standardized) {
    EXPECT_NEAR(code[0],
                (-2.0 * static_cast<double>(chosen[id]) - 1.5 - mean) / std::sqrt(variance), 1e-5);
  }
}

}  // namespace
}  // namespace hourglass
