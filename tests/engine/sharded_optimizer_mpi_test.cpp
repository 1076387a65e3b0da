#include "engine/sharded_optimizer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/random.hpp"
#include "engine/small_training.hpp"
#include "support/expect_error.hpp"
#include "support/file_bytes.hpp"
#include "support/shared_folder.hpp"

namespace hourglass {
namespace {

using namespace engine_test;
using namespace io_test;

// Float i of a state, on whichever rank it lies.
float value_of(const std::string& state, Index i) {
  const CounterRandom random(state.size(), Purpose::generation);
  return uniform_unit(random.bits(static_cast<std::uint64_t>(i), 0, 0)[0]) - 0.5F;
}

class ShardedOptimizerTest : public testing::Test {
 protected:
  struct Parts {
    std::unique_ptr<GradientExchange> exchange;
    std::unique_ptr<ShardedOptimizer> optimizer;
  };
  Parts make(Reduction reduction = Reduction::tree, bool sparse = false) {
    Parts parts;
    parts.exchange = std::make_unique<GradientExchange>(
        world_, parameters_.span(), GradientExchangeSettings{reduction, 8, 1024});
    UpdateSettings settings;
    settings.ema = 0.99;
    settings.sparse = sparse;
    parts.optimizer =
        std::make_unique<ShardedOptimizer>(model_, *adam_, *parts.exchange, pool_, settings);
    return parts;
  }

  // A checkpoint whose states are functions of the float's place alone.
  std::string write_checkpoint() {
    const std::string path = folder_.file("checkpoint.h5");
    const auto tensors = stored_tensors(model_.layout());
    std::vector<std::vector<float>> values;
    std::vector<StoredArena> arenas;
    for (const std::string group :
         {"/model", "/optimizer/mean", "/optimizer/variance", "/optimizer/average"}) {
      values.emplace_back(static_cast<std::size_t>(model_.layout().size()));
      for (Index i = 0; i < model_.layout().size(); ++i)
        values.back()[static_cast<std::size_t>(i)] = value_of(group, i);
      arenas.push_back({group, tensors, {{0, model_.layout().size()}}, {values.back().data()}});
    }
    write_state_file(world_, path, {}, arenas);
    return path;
  }

  bool is_padding(Index i) const {
    return std::ranges::none_of(model_.layout().tensors(), [&](const Tensor& tensor) {
      return tensor.offset <= i && i < tensor.offset + tensor.size;
    });
  }

  Communicator world_ = Communicator::world();
  SharedFolder folder_{world_};
  Autoencoder model_{small_spec()};
  WorkerPool pool_{2};
  std::unique_ptr<Optimizer> adam_ = make_optimizer({});
  Buffer<float> parameters_ = initial_parameters(model_);
};

TEST_F(ShardedOptimizerTest, each_rank_loads_its_part_and_reads_no_more) {
  const StateFile file = open_state_file(write_checkpoint());
  for (const Reduction reduction : {Reduction::tree, Reduction::allreduce}) {
    const Parts parts = make(reduction);
    const Index bytes = parts.optimizer->load(file);
    Index own_values = 0;
    for (const StoredArena& arena : parts.optimizer->stored(stored_tensors(model_.layout()))) {
      ASSERT_EQ(arena.ranges.size(), parts.exchange->owned().size());
      for (std::size_t r = 0; r < arena.ranges.size(); ++r) {
        const Range range = arena.ranges[r];
        EXPECT_EQ(range, parts.exchange->owned()[r]);
        for (Index i = range.begin; i < range.end; ++i) {
          const float expected = is_padding(i) ? 0.0F : value_of(arena.group, i);
          own_values += is_padding(i) ? 0 : 1;
          ASSERT_EQ(arena.values[r][i - range.begin], expected) << arena.group << " " << i;
        }
      }
    }
    EXPECT_EQ(bytes, own_values * 4);
    std::vector<std::int64_t> all = {bytes};
    world_.sum(all);
    const Index copies = reduction == Reduction::tree ? 1 : world_.size();
    EXPECT_EQ(all[0], copies * 3 * model_.layout().parameter_count() * 4);
  }
}

// Cells without a gradient keep parameters and moments; the others are updated as without the
// setting.
TEST_F(ShardedOptimizerTest, sparse_updates_leave_cells_without_gradient) {
  const StateFile file = open_state_file(write_checkpoint());
  Buffer<float> gradient(parameters_.size());
  const auto is_active = [](Index i) { return i / cell_floats % 3 != 1; };
  const auto bits = [](float value) { return std::bit_cast<std::uint32_t>(value); };
  for (Index i = 0; i < gradient.size(); ++i)
    gradient[i] = is_active(i) ? value_of("/gradient", i) : -0.0F;
  const Buffer<float> start = initial_parameters(model_);
  std::vector<std::vector<float>> updated;
  std::vector<std::vector<float>> means;
  for (const bool sparse : {false, true}) {
    std::ranges::copy(start.span(), parameters_.span().begin());
    const Parts parts = make(Reduction::tree, sparse);
    parts.optimizer->load(file);
    for (Index b = 0; b < static_cast<Index>(parts.exchange->owned().size()); ++b)
      parts.optimizer->update(b, {3, 0.01}, gradient.span());
    updated.emplace_back(parameters_.span().begin(), parameters_.span().end());
    auto& mean = means.emplace_back(static_cast<std::size_t>(parameters_.size()));
    const StoredArena arena = parts.optimizer->stored(stored_tensors(model_.layout())).front();
    for (std::size_t r = 0; r < arena.ranges.size(); ++r) {
      std::copy_n(arena.values[r], arena.ranges[r].size(),
                  mean.begin() + static_cast<std::ptrdiff_t>(arena.ranges[r].begin));
    }
  }
  const Parts parts = make();
  for (const Range& range : parts.exchange->owned()) {
    for (Index i = range.begin; i < range.end; ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (is_padding(i)) continue;
      // The variances of the checkpoint may be negative, which makes NaN of both.
      ASSERT_EQ(bits(updated[1][at]), bits(is_active(i) ? updated[0][at] : start[i])) << i;
      ASSERT_EQ(means[1][at], is_active(i) ? means[0][at] : value_of("/optimizer/mean", i)) << i;
    }
  }
}

TEST_F(ShardedOptimizerTest, damage_in_the_part_of_one_rank_is_one_error_everywhere) {
  const std::string path = write_checkpoint();
  const StateFile file = open_state_file(path);
  const Parts parts = make();
  // A value in the middle of the last tensor of the last state.
  world_.barrier();
  if (world_.is_root()) {
    const Tensor& tensor = model_.layout().tensors().back();
    std::vector<float> values;
    for (Index i = tensor.offset; i < tensor.offset + tensor.size; ++i)
      values.push_back(value_of("/optimizer/variance", i));
    std::string bytes = read_bytes(path);
    const std::size_t place = bytes.find(
        std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)));
    ASSERT_NE(place, std::string::npos);
    bytes[place + 4] = static_cast<char>(bytes[place + 4] ^ 1);
    write_bytes(path, bytes);
  }
  world_.barrier();
  const std::string message =
      expect_error(ErrorKind::data, "digest mismatch in /optimizer/variance",
                   [&] { parts.optimizer->load(file); });
  for (const std::string& other : world_.all_gather(message)) EXPECT_EQ(other, message);
}

TEST_F(ShardedOptimizerTest, missing_state_is_one_error_everywhere) {
  const std::string path = folder_.file("model.h5");
  const std::vector<StoredArena> arenas = {
      {"/model", stored_tensors(model_.layout()), {{0, parameters_.size()}}, {parameters_.data()}}};
  write_state_file(world_, path, {}, arenas);
  const Parts parts = make();
  expect_error(ErrorKind::data, "holds no /optimizer/mean",
               [&] { parts.optimizer->load(open_state_file(path)); });
}

TEST_F(ShardedOptimizerTest, average_starts_as_the_parameters_with_every_bit) {
  parameters_[3] = -0.0F;
  parameters_[parameters_.size() - cell_floats] = -0.0F;
  for (const Reduction reduction : {Reduction::tree, Reduction::allreduce}) {
    const Parts parts = make(reduction);
    ASSERT_TRUE(parts.optimizer->averages());
    Buffer<float> average(parameters_.size());
    parts.optimizer->gather_average(average.span());
    EXPECT_TRUE(same_bits(average.span(), parameters_.span()));
  }
}

}  // namespace
}  // namespace hourglass
