#include "system/live_line.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

TEST(Fitted, whole_fields_that_leave_the_last_column_free) {
  const std::string text = "epoch 1/2  step 3/4  loss 5";
  EXPECT_EQ(fitted(text, 28), text);
  EXPECT_EQ(fitted(text, 27), "epoch 1/2  step 3/4");
  EXPECT_EQ(fitted(text, 12), "epoch 1/2");
  EXPECT_EQ(fitted(text, 5), "epoc");
  EXPECT_EQ(fitted(text, 0), "");
}

}  // namespace
}  // namespace hourglass
