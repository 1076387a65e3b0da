// The text of selections of units.
#include "nn/selection.hpp"

#include <gtest/gtest.h>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

TEST(Selection, text_is_read_back) {
  for (const char* text : {"none", "topk:32", "batch-topk:1", "jumprelu:0.25", "l1", "gated"}) {
    EXPECT_EQ(to_string(selection_from(text)), text);
  }
  EXPECT_EQ(selection_from("jumprelu").threshold, 0.001);
  EXPECT_EQ(selection_from("topk:32").k, 32);
}

TEST(Selection, other_text_is_refused) {
  for (const char* text : {"", "topk", "topk:", "topk:0", "topk:-1", "topk:3x", "batch-topk:1.5",
                           "jumprelu:", "jumprelu:0", "jumprelu:-1", "l1:3", "gated:2", "relu"}) {
    EXPECT_THROW(static_cast<void>(selection_from(text)), Error) << text;
  }
}

}  // namespace
}  // namespace hourglass
