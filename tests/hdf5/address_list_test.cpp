#include "hdf5/address_list.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "hourglass/core/error.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

std::vector<std::string> expanded(const std::string& text) {
  std::vector<std::string> all;
  for (const DatasetAddress& address : expand_addresses(parse_address(text)))
    all.push_back(to_string(address));
  return all;
}

TEST(AddressList, lists_keep_their_order_and_share_the_last_path) {
  using Addresses = std::vector<std::string>;
  EXPECT_EQ(expanded("b.h5:/x,a.h5:/y"), (Addresses{"b.h5:/x", "a.h5:/y"}));
  EXPECT_EQ(expanded("b.h5:/x, a.h5:/y"), (Addresses{"b.h5:/x", "a.h5:/y"}));
  EXPECT_EQ(expanded("b.h5,a.h5:/y"), (Addresses{"b.h5:/y", "a.h5:/y"}));
  EXPECT_EQ(expanded("a.h5:/x"), (Addresses{"a.h5:/x"}));
  EXPECT_THROW(expanded("a.h5,,b.h5:/x"), Error);
}

TEST(AddressList, patterns_are_files_by_name_unless_a_file_has_that_name) {
  const TemporaryFolder folder;
  for (const char* name : {"b.h5", "a.h5", "B.h5", "c,d.h5"})
    std::ofstream(folder.file(name)) << "x";
  const std::string all = folder.file("?.h5");
  EXPECT_EQ(expand_pattern(all), (std::vector<std::string>{folder.file("B.h5"), folder.file("a.h5"),
                                                           folder.file("b.h5")}));
  EXPECT_EQ(expanded(all + ":/x").size(), 3U);
  EXPECT_TRUE(names_several(parse_address(all + ":/x")));
  EXPECT_FALSE(names_several(parse_address(folder.file("c,d.h5") + ":/x")));
  EXPECT_THROW(static_cast<void>(expand_pattern(folder.file("z*.h5"))), Error);
  std::ofstream(folder.file("?.h5")) << "x";
  EXPECT_EQ(expand_pattern(all), (std::vector<std::string>{all}));
}

}  // namespace
}  // namespace hourglass
