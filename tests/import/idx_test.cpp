#include "import/idx.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "hourglass/core/error.hpp"
#include "import/idx_files.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

/// Reads everything, `rows_at_once` rows a call.
std::vector<std::byte> read_all(IdxReader& reader, Index rows_at_once) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(reader.rows() * reader.row_bytes()));
  std::size_t done = 0;
  while (reader.rows_left() > 0) {
    const auto size =
        static_cast<std::size_t>(std::min(rows_at_once, reader.rows_left()) * reader.row_bytes());
    reader.read_rows(std::span(bytes).subspan(done, size));
    done += size;
  }
  return bytes;
}

template <class T>
void check_type(unsigned char code, ElementType type) {
  const TemporaryFolder folder;
  std::vector<T> values = {std::numeric_limits<T>::lowest(), std::numeric_limits<T>::max(), T{0},
                           T{1}};
  std::mt19937_64 random(5);
  while (values.size() < 7 * 2 * 3)
    values.push_back(static_cast<T>(static_cast<std::int8_t>(random())));
  const std::string bytes = idx_bytes(code, {7, 2, 3}, values);
  // The names lie on purpose: the content decides.
  write_plain(folder.file("plain.gz"), bytes);
  write_gzip(folder.file("compressed"), bytes);
  for (const char* name : {"plain.gz", "compressed"}) {
    for (const Index rows_at_once : {1, 2, 7}) {
      IdxReader reader(folder.file(name));
      EXPECT_EQ(reader.type(), type);
      EXPECT_EQ(reader.shape(), (std::vector<Index>{7, 2, 3}));
      EXPECT_EQ(reader.row_bytes(), static_cast<Index>(6 * sizeof(T)));
      const std::vector<std::byte> read = read_all(reader, rows_at_once);
      ASSERT_EQ(read.size(), values.size() * sizeof(T));
      EXPECT_EQ(std::memcmp(read.data(), values.data(), read.size()), 0) << name;
    }
  }
}

TEST(Idx, reads_every_type_plain_and_compressed) {
  check_type<std::uint8_t>(0x08, ElementType::u8);
  check_type<std::int8_t>(0x09, ElementType::i8);
  check_type<std::int16_t>(0x0B, ElementType::i16);
  check_type<std::int32_t>(0x0C, ElementType::i32);
  check_type<float>(0x0D, ElementType::f32);
  check_type<double>(0x0E, ElementType::f64);
}

TEST(Idx, reads_any_number_of_dimensions) {
  const TemporaryFolder folder;
  for (std::uint32_t dimensions = 1; dimensions <= 32; dimensions += 31) {
    std::vector<std::uint32_t> shape(dimensions, 1);
    shape.front() = 3;
    write_plain(folder.file("x"), idx_bytes<std::uint8_t>(0x08, shape, {7, 8, 9}));
    IdxReader reader(folder.file("x"));
    EXPECT_EQ(reader.shape().size(), dimensions);
    EXPECT_EQ(read_all(reader, 2),
              (std::vector<std::byte>{std::byte{7}, std::byte{8}, std::byte{9}}));
  }
}

TEST(Idx, a_file_without_rows_is_read) {
  const TemporaryFolder folder;
  const std::string bytes = idx_bytes<float>(0x0D, {0, 28}, {});
  write_gzip(folder.file("x.gz"), bytes);
  write_plain(folder.file("x"), bytes);
  EXPECT_EQ(IdxReader(folder.file("x.gz")).rows(), 0);
  EXPECT_EQ(IdxReader(folder.file("x")).row_bytes(), 112);
}

/// The error of opening and reading the file in pieces of two rows.
void expect_refused(const std::string& path, const std::string& part,
                    ErrorKind kind = ErrorKind::data) {
  try {
    IdxReader reader(path);
    std::vector<std::byte> piece;
    while (reader.rows_left() > 0) {
      piece.resize(
          static_cast<std::size_t>(std::min<Index>(2, reader.rows_left()) * reader.row_bytes()));
      reader.read_rows(piece);
    }
    ADD_FAILURE() << "accepted; expected: " << part;
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_EQ(error.kind(), kind) << message;
    EXPECT_EQ(message.rfind(path + ": ", 0), 0U) << message;
    EXPECT_NE(message.find(part), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

class Corrupt : public testing::Test {
 protected:
  /// The bytes as a plain and as a gzip file must both be refused.
  void expect_both_refused(const std::string& bytes, const std::string& part) {
    write_plain(folder_.file("plain"), bytes);
    expect_refused(folder_.file("plain"), part);
    write_gzip(folder_.file("gzip"), bytes);
    expect_refused(folder_.file("gzip"), part);
  }
  TemporaryFolder folder_;
  std::string good_ = idx_bytes<std::int16_t>(0x0B, {4, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
};

TEST_F(Corrupt, wrong_magic) {
  expect_both_refused("", "the file is empty");
  expect_both_refused(std::string(2, '\0'), "not an IDX file");
  expect_both_refused("\x89HDF\r\n", "not an IDX file");
  std::string bytes = good_;
  bytes[2] = 0x0A;
  expect_both_refused(bytes, "unknown type code 10");
  bytes = good_;
  bytes[3] = 0;
  expect_both_refused(bytes, "0 dimensions");
  bytes[3] = 33;
  expect_both_refused(bytes, "33 dimensions");
}

TEST_F(Corrupt, every_shorter_file) {
  for (std::size_t size = 4; size < good_.size(); ++size)
    expect_both_refused(good_.substr(0, size), "truncated");
}

TEST_F(Corrupt, bytes_after_the_last_element) {
  expect_both_refused(good_ + '\0', "bytes after the last element");
  expect_both_refused(good_ + std::string(1000, 'x'), "bytes after the last element");
  expect_both_refused(idx_bytes<std::uint8_t>(0x08, {0, 3}, {1}), "bytes after the last element");
}

TEST_F(Corrupt, claims_that_no_memory_could_hold) {
  const std::uint32_t all = 0xffffffff;
  expect_both_refused(idx_bytes<double>(0x0E, {all, 1}, {1.0, 2.0, 3.0}), "truncated");
  expect_both_refused(idx_bytes<std::uint8_t>(0x08, {all, 1000}, {1}), "truncated");
  expect_both_refused(idx_bytes<double>(0x0E, {all, all, all}, {1.0}),
                      "more than any file can hold");
  expect_both_refused(idx_bytes<double>(0x0E, std::vector<std::uint32_t>(32, all), {1.0}),
                      "more than any file can hold");
  // 2^63 - 1 bytes, and a header.
  expect_both_refused(idx_bytes<std::uint8_t>(0x08, {49 * 73 * 127 * 337, 92737, 649657}, {1}),
                      "more than any file can hold");
  expect_both_refused(idx_bytes<double>(0x0E, {all, 0}, {}), "its rows are empty");
}

TEST_F(Corrupt, truncated_gzip_stream) {
  const std::vector<std::uint8_t> values(10000, 3);
  write_gzip(folder_.file("whole"), idx_bytes<std::uint8_t>(0x08, {100, 100}, values));
  const std::string bytes = read_plain(folder_.file("whole"));
  for (const std::size_t cut :
       {bytes.size() - 1, bytes.size() - 8, bytes.size() - 9, bytes.size() / 2}) {
    write_plain(folder_.file("cut"), bytes.substr(0, cut));
    expect_refused(folder_.file("cut"), "truncated");
  }
}

TEST_F(Corrupt, damaged_gzip_stream) {
  write_gzip(folder_.file("whole"), good_);
  std::string bytes = read_plain(folder_.file("whole"));
  bytes[bytes.size() - 6] = static_cast<char>(~bytes[bytes.size() - 6]);  // the checksum
  write_plain(folder_.file("damaged"), bytes);
  expect_refused(folder_.file("damaged"), "corrupt gzip stream");
}

TEST_F(Corrupt, unreadable_paths) {
  expect_refused(folder_.file("absent"), "No such file or directory", ErrorKind::io);
  expect_refused(folder_.path(), "is a folder", ErrorKind::io);
}

TEST_F(Corrupt, rows_beyond_the_end_are_our_own_mistake) {
  write_plain(folder_.file("x"), good_);
  IdxReader reader(folder_.file("x"));
  std::vector<std::byte> bytes(5 * 4);
  EXPECT_THROW(reader.read_rows(bytes), Error);
  EXPECT_THROW(reader.read_rows(std::span(bytes).first(3)), Error);
}

}  // namespace
}  // namespace hourglass
