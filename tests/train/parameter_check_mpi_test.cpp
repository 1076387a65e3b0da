#include "train/parameter_check.hpp"

#include <gtest/gtest.h>

#include "core/buffer.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

TEST(OddRanks, are_those_outside_of_the_majority) {
  const auto odd = [](const std::vector<std::string>& entries) { return odd_ranks(entries); };
  EXPECT_EQ(odd({"a"}), std::vector<int>{});
  EXPECT_EQ(odd({"a", "a", "a"}), std::vector<int>{});
  EXPECT_EQ(odd({"a", "b", "a"}), std::vector<int>{1});
  EXPECT_EQ(odd({"c", "a", "a", "b"}), (std::vector<int>{0, 3}));
  EXPECT_EQ(odd({"a", "b"}), (std::vector<int>{0, 1}));
  EXPECT_EQ(odd({"a", "a", "b", "b"}), (std::vector<int>{0, 1, 2, 3}));
}

TEST(ParameterCheck, names_the_odd_rank_and_the_tensor) {
  const Communicator world = Communicator::world();
  Layout layout;
  layout.add("encoder/0/weight", {7, 30});
  layout.add("encoder/0/bias", {7});
  Buffer<float> parameters(layout.size());
  for (Index i = 0; i < parameters.size(); ++i) parameters[i] = static_cast<float>(i);
  check_same_parameters(world, layout, parameters.span(), "after step 7", "run away");
  if (world.size() == 1) return;
  // One sign.
  if (world.rank() == 1) parameters[layout.tensor(1).offset] = -parameters[layout.tensor(1).offset];
  try {
    check_same_parameters(world, layout, parameters.span(), "after step 7", "run away");
    ADD_FAILURE() << "a difference went unseen";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::rank);
    EXPECT_EQ(error.reach(), Reach::everywhere);
    const std::string text = error.what();
    for (const char* word : {"after step 7", "rank 1 (on ", "encoder/0/bias", "run away"}) {
      EXPECT_NE(text.find(word), std::string::npos) << text;
    }
    EXPECT_EQ(text.find("rank 0") == std::string::npos, world.size() > 2) << text;
    for (const std::string& other : world.all_gather(text)) EXPECT_EQ(other, text);
  }
}

}  // namespace
}  // namespace hourglass
