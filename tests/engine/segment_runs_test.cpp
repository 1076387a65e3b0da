#include "engine/segment_runs.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "engine/small_training.hpp"

namespace hourglass {
namespace {

using namespace engine_test;

class SegmentRunsTest : public testing::Test {
 protected:
  Autoencoder model_{small_spec()};
};

TEST_F(SegmentRunsTest, groups_carry_the_factors_of_their_kind) {
  UpdateSettings settings;
  settings.decay_biases = false;
  settings.encoder_rate = 2;
  settings.decoder_rate = 3;
  settings.bias_rate = 5;
  settings.encoder_decay = 7;
  settings.decoder_decay = 11;
  Index end = 0;
  for (const TensorGroup& group : tensor_groups(model_, settings)) {
    const Tensor& tensor = model_.layout().tensor(group.slot);
    const bool encoder = tensor.name.starts_with("encoder/");
    const bool bias = tensor.name.ends_with("/bias");
    EXPECT_EQ(group.matrix, !bias);
    EXPECT_EQ(group.rate_factor, (encoder ? 2 : 3) * (bias ? 5 : 1)) << tensor.name;
    EXPECT_EQ(group.decay_factor, bias ? 0 : encoder ? 7 : 11) << tensor.name;
    EXPECT_EQ(group.range.begin, end) << "groups lie in arena order, without gaps";
    end = group.range.end;
  }
  EXPECT_EQ(end, model_.layout().size());
}

TEST_F(SegmentRunsTest, runs_cover_what_is_owned_and_their_state_once) {
  const std::vector<TensorGroup> groups = tensor_groups(model_, {});
  const Index size = model_.layout().size();
  // From the tail, as buckets are; one part is empty, and floats between the parts are not owned.
  const std::vector<Range> owned = {{size - 3 * cell_floats, size},
                                    {size - 4 * cell_floats, size - 4 * cell_floats},
                                    {cell_floats, size - 5 * cell_floats}};
  for (const bool by_tensor : {false, true}) {
    const auto runs = segment_runs(groups, owned, by_tensor);
    ASSERT_EQ(runs.size(), owned.size());
    Index state = 0;
    for (std::size_t b = 0; b < owned.size(); ++b) {
      Index begin = owned[b].begin;
      for (const SegmentRun& run : runs[b]) {
        EXPECT_EQ(run.range.begin, begin);
        EXPECT_EQ(run.state_offset, state);
        EXPECT_EQ(run.range.size() % cell_floats, 0);
        begin = run.range.end;
        state += run.range.size();
        const Range tensor = model_.layout().range(run.slot);
        if (by_tensor) {
          EXPECT_LE(tensor.begin, run.range.begin);
          EXPECT_LE(run.range.end, tensor.end);
        }
      }
      EXPECT_EQ(begin, owned[b].end);
      EXPECT_EQ(!by_tensor && runs[b].size() > 1, false) << "all tensors are treated alike";
    }
  }
}

TEST_F(SegmentRunsTest, neighbours_that_differ_are_runs_of_their_own) {
  UpdateSettings settings;
  settings.bias_rate = 2;
  const std::vector<Range> owned = {{0, model_.layout().size()}};
  const auto runs = segment_runs(tensor_groups(model_, settings), owned, false);
  EXPECT_EQ(runs[0].size(), model_.layout().tensors().size());
  settings.bias_rate = 1;
  settings.encoder_decay = 0;
  EXPECT_EQ(segment_runs(tensor_groups(model_, settings), owned, false)[0].size(), 2U);
}

}  // namespace
}  // namespace hourglass
