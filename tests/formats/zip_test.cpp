#include "formats/zip.hpp"

#include <gtest/gtest.h>

#include "import/import_files.hpp"

namespace hourglass {
namespace {

std::string number(std::uint64_t value, std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i)
    text += i < sizeof(value) ? static_cast<char>(value >> (8 * i)) : 0;
  return text;
}

std::string entry(const std::string& name, std::uint64_t method, std::uint64_t stored,
                  std::uint64_t bytes, std::uint64_t flags = 0) {
  return number(0x02014b50, 4) + number(0, 4) + number(flags, 2) + number(method, 2) +
         number(0, 4) + number(0, 4) + number(stored, 4) + number(bytes, 4) +
         number(name.size(), 2) + number(0, 14) + number(0, 2) + name;
}

std::vector<ZipMember> parse(const std::string& directory) {
  return parse_zip_directory(bytes_of(directory), 1000, "a.npz");
}

TEST(Zip, members_are_listed) {
  const auto members = parse(entry("x.npy", 0, 10, 10) + entry("y.npy", 8, 10, 200));
  ASSERT_EQ(members.size(), 2U);
  EXPECT_EQ(members[0].name, "x.npy");
  EXPECT_EQ(members[1].bytes, 200);
}

TEST(Zip, impossible_members_are_refused) {
  const auto refused = [](const std::string& directory, const char* part) {
    expect_error([&] { parse(directory); }, ErrorKind::data, {"a.npz", part});
  };
  refused(entry("x", 0, 10, 10) + entry("x", 0, 10, 10), "two members named x");
  refused(entry("x", 0, 10, 10, 1), "encrypted");
  refused(entry("x", 14, 10, 10), "method 14");
  refused(entry("x", 0, 10, 20), "contradict");
  refused(entry("x", 8, 10, 4000000000), "impossible size");
  refused(entry("x", 0, 2000, 2000), "beyond the end");
  const std::string whole = entry("x.npy", 0, 10, 10);
  EXPECT_THROW(parse(whole.substr(0, whole.size() - 1)), Error);
}

TEST(Zip, the_directory_is_found) {
  const std::string end =
      number(0x06054b50, 4) + number(0, 8) + number(51, 4) + number(100, 4) + number(3, 2) + "abc";
  const std::string tail = "something before" + end;
  const ZipDirectory found = find_zip_directory(bytes_of(tail), 1000, "a.npz");
  EXPECT_EQ(found.offset, 100);
  EXPECT_EQ(found.bytes, 51);
  expect_error([&] { static_cast<void>(find_zip_directory(bytes_of(tail), 120, "a")); },
               ErrorKind::data, {"outside of the file"});
  expect_error(
      [&] {
        static_cast<void>(find_zip_directory(bytes_of("no archive at all, but long"), 27, "a"));
      },
      ErrorKind::data, {"not a ZIP"});
  EXPECT_THROW(static_cast<void>(find_zip_directory({}, 0, "a")), Error);
}

}  // namespace
}  // namespace hourglass
