#include "import/gzip_lines.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

std::vector<std::string> lines_of(const std::string& path) {
  GzipLines lines(path);
  std::vector<std::string> all;
  std::string_view line;
  while (lines.next(line)) all.emplace_back(line);
  EXPECT_EQ(lines.lines_read(), all.size());
  return all;
}

TEST(GzipLines, are_those_of_plain_and_packed_files) {
  const TemporaryFolder folder;
  const std::string text = "a\r\n\nb c\n" + std::string(3000000, 'x') + "\nlast";
  std::ofstream(folder.file("plain"), std::ios::binary) << text;
  gzFile packed = gzopen(folder.file("packed").c_str(), "wb");
  gzwrite(packed, text.data(), static_cast<unsigned>(text.size()));
  gzclose(packed);
  const std::vector<std::string> expected = {"a", "", "b c", std::string(3000000, 'x'), "last"};
  EXPECT_EQ(lines_of(folder.file("plain")), expected);
  EXPECT_EQ(lines_of(folder.file("packed")), expected);
  std::ofstream(folder.file("empty"));
  EXPECT_TRUE(lines_of(folder.file("empty")).empty());
}

TEST(GzipLines, damage_is_an_error) {
  const TemporaryFolder folder;
  const std::string path = folder.file("packed");
  gzFile packed = gzopen(path.c_str(), "wb");
  for (int i = 0; i < 20000; ++i) gzprintf(packed, "%d\n", i * 7919 % 10007);
  gzclose(packed);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  io_test::expect_error(ErrorKind::data, "truncated", [&] { lines_of(path); });
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(2000);
    file << std::string(64, '\xff');
  }
  io_test::expect_error(ErrorKind::data, "gzip stream", [&] { lines_of(path); });
  io_test::expect_error(ErrorKind::io, "No such file", [&] { lines_of(folder.file("none")); });
}

}  // namespace
}  // namespace hourglass
