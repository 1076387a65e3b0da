#include "core/condition.hpp"

#include <gtest/gtest.h>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

TEST(Condition, text_and_back) {
  const std::vector<Condition> conditions = {{"batch", {"a", "b 1", "", "5:x\n2"}}, {"donor", {}}};
  EXPECT_EQ(category_count(conditions), 4);
  EXPECT_EQ(conditions_from(conditions_text(conditions), "m.h5"), conditions);
  EXPECT_TRUE(conditions_from("", "m.h5").empty());
}

TEST(Condition, damaged_texts_are_refused) {
  const std::string whole = conditions_text({{"batch", {"one", "two"}}});
  for (std::size_t size = 1; size < whole.size(); ++size)
    EXPECT_THROW((void)conditions_from(whole.substr(0, size), "m.h5"), Error) << size;
  EXPECT_THROW((void)conditions_from("5:batch\n99999999999999999999\n", "m.h5"), Error);
  EXPECT_THROW((void)conditions_from("9999999999:batch\n1\n", "m.h5"), Error);
}

}  // namespace
}  // namespace hourglass
