#include "hdf5/pandas_store.hpp"

#include <gtest/gtest.h>

namespace hourglass::hdf5 {
namespace {

using Items = std::vector<std::string>;

TEST(PickledList, texts_as_python_pickles_them) {
  EXPECT_EQ(pickled_list("(lp0\nValpha\np1\naVb c\np2\na."), (Items{"alpha", "b c"}));
  EXPECT_EQ(pickled_list("(lp0\n."), Items{});
  EXPECT_EQ(pickled_list(""), Items{});
}

TEST(PickledList, numbers) { EXPECT_EQ(pickled_list("(lp0\nI0\naI12\na."), (Items{"0", "12"})); }

// Python's own: pickle.dumps(["größe", "温度", "\U0001F600", "a\\b"], 0)
TEST(PickledList, characters_beyond_ascii_become_utf8) {
  EXPECT_EQ(pickled_list("(lp0\nVgr\xf6\xdf"
                         "e\np1\naV\\u6e29\\u5ea6\np2\naV\\U0001f600\np3\naVa\\u005cb\np4\na."),
            (Items{"größe", "温度", "\U0001F600", "a\\b"}));
}

TEST(PickledList, damaged_escapes_are_kept_as_they_are) {
  EXPECT_EQ(pickled_list("V\\u12"), Items{"\\u12"});
  EXPECT_EQ(pickled_list("V\\"), Items{"\\"});
}

}  // namespace
}  // namespace hourglass::hdf5
