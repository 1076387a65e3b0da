#include "data/sample_conditions.hpp"

#include <gtest/gtest.h>

#include "support/expect_error.hpp"
#include "support/hdf5_files.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

class SampleConditionsTest : public testing::Test {
 protected:
  std::string numbers(const std::string& name, const std::vector<std::int32_t>& values) {
    return to_string(write_dataset(folder_.file(name), {values.size()}, values));
  }
  DatasetInfo samples(const std::string& rows = "") {
    DatasetAddress address = write_dataset(folder_.file("x.h5"), {5, 3}, std::vector<float>(15));
    address.options.views.rows = rows;
    return DatasetReader(address).info();
  }

  TemporaryFolder folder_;
};

TEST_F(SampleConditionsTest, categories_of_the_chosen_samples_and_their_places) {
  const std::string both =
      "batch=" + numbers("b.h5", {7, -2, 7, 7, 5}) + "+donor=" + numbers("d.h5", {1, 1, 2, 1, 1});
  const std::vector<Condition> all = {{"batch", {"-2", "5", "7"}}, {"donor", {"1", "2"}}};
  EXPECT_EQ(find_conditions(both, samples(), false), all);
  EXPECT_EQ(read_conditions(both, samples(), all, false),
            (std::vector<std::int32_t>{2, 3, 0, 3, 2, 4, 2, 3, 1, 3}));
  const std::vector<Condition> some = find_conditions(both, samples("2:4"), false);
  EXPECT_EQ(some, (std::vector<Condition>{{"batch", {"7"}}, {"donor", {"1", "2"}}}));
  EXPECT_EQ(read_conditions(both, samples("2:4"), some, false),
            (std::vector<std::int32_t>{0, 2, 0, 1}));
  // Unseen ones are refused by name or unknown.
  io_test::expect_error(ErrorKind::data, "sample 1 (from 0) has the category '-2'",
                        [&] { (void)read_conditions(both, samples(), some, false); });
  EXPECT_EQ(read_conditions(both, samples(), some, true),
            (std::vector<std::int32_t>{0, 1, -1, 1, 0, 2, 0, 1, -1, 1}));
}

TEST_F(SampleConditionsTest, names_are_those_of_the_model) {
  const std::string one = numbers("b.h5", {1, 2, 1, 1, 1});
  EXPECT_EQ(find_conditions(one, samples(), false).front().name, "x");
  const std::vector<Condition> conditions = {{"batch", {"1", "2"}}};
  io_test::expect_error(ErrorKind::usage, "the model has the condition batch",
                        [&] { (void)read_conditions(one, samples(), conditions, false); });
  EXPECT_EQ(read_conditions("batch=" + one, samples(), conditions, false),
            (std::vector<std::int32_t>{0, 1, 0, 0, 0}));
  io_test::expect_error(ErrorKind::usage, "names x twice",
                        [&] { (void)find_conditions(one + "+" + one, samples(), false); });
}

TEST_F(SampleConditionsTest, categories_chosen_by_name) {
  const std::vector<Condition> conditions = {{"batch", {"a", "b"}}, {"donor", {"x", "y"}}};
  EXPECT_EQ(chosen_categories("donor=x", conditions),
            (std::vector<std::int32_t>{unchosen_category, 2}));
  EXPECT_EQ(chosen_categories("donor=y,batch=b", conditions), (std::vector<std::int32_t>{1, 3}));
  io_test::expect_error(ErrorKind::usage, "batch has the categories a, b",
                        [&] { (void)chosen_categories("batch=c", conditions); });
  io_test::expect_error(ErrorKind::usage, "conditions batch, donor",
                        [&] { (void)chosen_categories("sex=c", conditions); });
}

}  // namespace
}  // namespace hourglass
