#include "system/file_kind.hpp"

#include <gtest/gtest.h>

#include <string>

#include "support/file_bytes.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

using io_test::write_bytes;

class FileKindTest : public testing::Test {
 protected:
  [[nodiscard]] FileKind kind_of(const std::string& content) const {
    write_bytes(file_, content);
    return file_kind(file_);
  }

  TemporaryFolder folder_;
  std::string file_ = folder_.file("x");
};

TEST_F(FileKindTest, knows_files_by_their_first_bytes) {
  EXPECT_EQ(kind_of("\x93NUMPY\x01").format, "npy");
  EXPECT_EQ(kind_of(std::string("CDF\x02\0\0\0", 7)).name, "a netCDF-3 file");
  EXPECT_EQ(kind_of("\x1f\x8b\x08").name, gzip_kind);
  EXPECT_EQ(kind_of("a,b\n1,2\n").format, "csv");
  EXPECT_EQ(kind_of(std::string("\0\0\x08\x03\0\0", 6)).format, "idx");
  EXPECT_EQ(kind_of(std::string("\x02\0\0\0\0\0\0\0{}", 10)).format, "safetensors");
  EXPECT_EQ(kind_of(std::string("\x02\0\0\0\0\0\0\x01{}", 10)).format, "");
  EXPECT_EQ(kind_of("\x80\x04\x95").name, "a Python pickle");
  EXPECT_EQ(kind_of(std::string(344, '\0') + std::string("n+1\0", 4)).name, "a NIfTI image");
}

TEST_F(FileKindTest, nothing_is_guessed) {
  EXPECT_EQ(kind_of("").name, "");
  EXPECT_EQ(kind_of(std::string("\x01\x02\x03\x04", 4)).name, "");
  EXPECT_EQ(kind_of(std::string("\0\0\x08", 3)).name, "");
  EXPECT_EQ(kind_of(std::string("text\0", 5)).name, "");
}

TEST_F(FileKindTest, archives_are_told_apart_by_their_first_member) {
  const auto zip = [](const std::string& member) {
    std::string start = "PK\x03\x04" + std::string(22, '\0');
    start += static_cast<char>(member.size());
    return start + std::string(3, '\0') + member + "content";
  };
  EXPECT_EQ(kind_of(zip("x.npy")).format, "npz");
  EXPECT_EQ(kind_of(zip("archive/data.pkl")).name, "a file of PyTorch");
  EXPECT_EQ(kind_of(zip("[Content_Types].xml")).name, "a workbook or document of Office");
  EXPECT_EQ(kind_of(zip("a.h5")).name, "a ZIP archive");
  EXPECT_EQ(kind_of("PK\x03\x04").name, "a ZIP archive");
}

TEST_F(FileKindTest, hdf5_may_lie_behind_a_userblock) {
  const std::string signature = "\x89HDF\r\n\x1a\n";
  EXPECT_EQ(kind_of(signature).format, "hdf5");
  EXPECT_EQ(kind_of("MATLAB 7.3 MAT-file" + std::string(493, ' ') + signature).format, "hdf5");
  EXPECT_EQ(hdf5_superblock(file_), 512);
  EXPECT_EQ(kind_of(std::string(4096, ' ') + signature).format, "hdf5");
  EXPECT_EQ(hdf5_superblock(file_), 4096);
  EXPECT_EQ(kind_of(std::string(600, ' ') + signature).name, "");
  EXPECT_EQ(hdf5_superblock(file_), -1);
}

TEST_F(FileKindTest, advice_names_the_file) {
  EXPECT_NE(kind_of("\x93NUMPY\x01").advice.find("hourglass import " + file_ + " --output"),
            std::string::npos);
}

}  // namespace
}  // namespace hourglass
