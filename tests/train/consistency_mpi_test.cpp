#include "train/consistency.hpp"

#include <gtest/gtest.h>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

TEST(CheckSameEverywhere, accepts_equal_settings) {
  TrainConfig config;
  config.epochs = 7;
  check_same_everywhere(Communicator::world(), config);
}

TEST(CheckSameEverywhere, names_rank_and_setting) {
  const Communicator world = Communicator::world();
  if (world.size() == 1) GTEST_SKIP() << "one rank cannot differ";
  TrainConfig config;
  if (world.rank() == world.size() - 1) config.epochs = 7;
  try {
    check_same_everywhere(world, config);
    ADD_FAILURE() << "a difference went unseen";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_EQ(error.reach(), Reach::everywhere);
    const std::string text = error.what();
    for (const std::string& part :
         {"rank " + std::to_string(world.size() - 1), std::string("'epochs = 7' there"),
          std::string("'epochs = 10' here")}) {
      EXPECT_NE(text.find(part), std::string::npos) << text;
    }
    for (const std::string& other : world.all_gather(text)) EXPECT_EQ(other, text);
  }
}

}  // namespace
}  // namespace hourglass
