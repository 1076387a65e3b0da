#include "import/import.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "hourglass/core/error.hpp"
#include "import/idx_files.hpp"
#include "support/one_rank.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

struct Settings {
  std::string source;
  std::string labels;
  DatasetAddress output;
  int compression = 0;
};

ImportResult import_idx(const Settings& settings) {
  return hourglass::import_idx(settings.source, settings.labels, settings.output,
                               settings.compression);
}

class ImportIdx : public testing::Test {
 protected:
  ImportIdx() {
    one_rank();  // import_idx communicates with itself, which needs MPI
    std::mt19937_64 random(2);
    for (std::uint8_t& pixel : images_) pixel = static_cast<std::uint8_t>(random());
    for (std::size_t i = 0; i < rows; ++i)
      classes_.push_back(static_cast<std::uint8_t>(random() % 10));
    write_gzip(folder_.file("images.gz"), idx_bytes<std::uint8_t>(0x08, {rows, 6, 5}, images_));
    write_plain(folder_.file("labels"), idx_bytes<std::uint8_t>(0x08, {rows}, classes_));
  }

  [[nodiscard]] Settings settings(const std::string& group = "/train") const {
    return {folder_.file("images.gz"), folder_.file("labels"), {folder_.file("out.h5"), group}, 0};
  }

  template <class T>
  void expect_content(const DatasetAddress& address, ElementType type,
                      const std::vector<Index>& shape, const std::vector<T>& values) {
    const DatasetReader reader(address);
    EXPECT_EQ(reader.info().type, type);
    EXPECT_EQ(reader.info().shape, shape);
    std::vector<T> read(values.size());
    ASSERT_EQ(reader.info().rows() * reader.info().row_bytes(),
              static_cast<Index>(read.size() * sizeof(T)));
    reader.read_rows({0, reader.info().rows()}, std::as_writable_bytes(std::span(read)));
    EXPECT_EQ(read, values);
  }

  void expect_refused(const Settings& wrong, ErrorKind kind, const std::string& part) {
    const bool existed = std::filesystem::exists(wrong.output.file);
    try {
      import_idx(wrong);
      ADD_FAILURE() << "accepted; expected: " << part;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
    EXPECT_EQ(std::filesystem::exists(wrong.output.file), existed) << "an output was left behind";
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      EXPECT_NE(entry.path().filename().string().front(), '.')
          << "a temporary was left behind: " << entry.path();
    }
  }

  static constexpr std::uint32_t rows = 1000;
  TemporaryFolder folder_;
  std::vector<std::uint8_t> images_ = std::vector<std::uint8_t>(std::size_t{rows} * 30);
  std::vector<std::uint8_t> classes_;
};

TEST_F(ImportIdx, keeps_values_shape_and_type) {
  for (const int compression : {0, 1, 9}) {
    auto wanted = settings("/level" + std::to_string(compression));
    wanted.compression = compression;
    const ImportResult result = import_idx(wanted);
    EXPECT_EQ(result.shape, (std::vector<Index>{rows, 6, 5}));
    EXPECT_EQ(result.type, ElementType::u8);
    EXPECT_EQ(result.labels, rows);
    const DatasetInfo info =
        DatasetReader({wanted.output.file, wanted.output.path + "/samples"}).info();
    EXPECT_TRUE(info.chunked);
    EXPECT_EQ(std::ranges::find(info.filters, "deflate") != info.filters.end(), compression > 0);
  }
  // Groups added later leave the earlier ones alone.
  for (const char* group : {"/level0", "/level1", "/level9"}) {
    const std::string path = group;
    expect_content(DatasetAddress{folder_.file("out.h5"), path + "/samples"}, ElementType::u8,
                   {rows, 6, 5}, images_);
    expect_content(DatasetAddress{folder_.file("out.h5"), path + "/labels"}, ElementType::u8,
                   {rows}, classes_);
  }
}

TEST_F(ImportIdx, without_labels_and_without_a_group) {
  for (const char* root : {"", "/"}) {
    auto wanted = settings(root);
    wanted.labels.clear();
    wanted.output.file = folder_.file(std::string("root") + (*root == '/' ? "1" : "0"));
    EXPECT_EQ(import_idx(wanted).labels, 0);
    EXPECT_THROW(DatasetReader({wanted.output.file, "/labels"}), Error);
    expect_content(DatasetAddress{wanted.output.file, "/samples"}, ElementType::u8, {rows, 6, 5},
                   images_);
  }
}

TEST_F(ImportIdx, other_types_and_more_than_one_piece) {
  // 3 x 8 MiB, so that pieces meet inside the file.
  std::vector<double> values(3 << 20);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i) * 0.5 - 7;
  write_plain(folder_.file("doubles"), idx_bytes<double>(0x0E, {3072, 1024}, values));
  import_idx({folder_.file("doubles"), "", {folder_.file("d.h5"), "/a/b"}, 0});
  expect_content(DatasetAddress{folder_.file("d.h5"), "/a/b/samples"}, ElementType::f64,
                 {3072, 1024}, values);
}

TEST_F(ImportIdx, labels_must_fit_the_samples) {
  auto wrong = settings();
  write_plain(folder_.file("few"), idx_bytes<std::uint8_t>(0x08, {3}, {1, 2, 3}));
  wrong.labels = folder_.file("few");
  expect_refused(wrong, ErrorKind::data, "has 3 labels for the 1000 samples of");
  wrong.labels = folder_.file("images.gz");
  expect_refused(wrong, ErrorKind::data, "has 3 dimensions, but labels have one");
  write_plain(folder_.file("floats"), idx_bytes<float>(0x0D, {rows}, std::vector<float>(rows)));
  wrong.labels = folder_.file("floats");
  expect_refused(wrong, ErrorKind::data, "holds float32, but labels are integers");
  wrong.labels = folder_.file("absent");
  expect_refused(wrong, ErrorKind::io, "absent");
}

TEST_F(ImportIdx, damaged_sources_leave_nothing_behind) {
  auto wrong = settings();
  const std::string whole = read_plain(folder_.file("images.gz"));
  wrong.source = folder_.file("cut.gz");
  write_plain(wrong.source, whole.substr(0, whole.size() - 100));
  expect_refused(wrong, ErrorKind::data, "truncated");
  write_gzip(wrong.source, idx_bytes<std::uint8_t>(0x08, {rows, 6, 5}, images_) + "x");
  expect_refused(wrong, ErrorKind::data, "bytes after the last element");
  // Claims of 10^18 bytes and of rows of 4 GiB: refused before memory or disk space is taken.
  write_gzip(wrong.source, idx_bytes<std::uint8_t>(0x08, {1000000000, 1000000000}, {1, 2, 3}));
  expect_refused(wrong, ErrorKind::data, "");
  write_gzip(wrong.source, idx_bytes<std::uint8_t>(0x08, {1000, 0xffffffff}, {1, 2, 3}));
  expect_refused(wrong, ErrorKind::data, "more than 1 GiB");
  wrong.labels.clear();
  write_gzip(wrong.source, idx_bytes<std::uint8_t>(0x08, {4000000000, 4000000}, {1, 2, 3}));
  expect_refused(wrong, ErrorKind::data, "truncated");
  write_gzip(wrong.source, idx_bytes<std::uint8_t>(0x08, {0, 28}, {}));
  expect_refused(wrong, ErrorKind::data, "it holds no samples");
  // An existing file survives.
  import_idx(settings());
  wrong.output.path = "/other";
  expect_refused(wrong, ErrorKind::data, "it holds no samples");
  expect_content(DatasetAddress{folder_.file("out.h5"), "/train/samples"}, ElementType::u8,
                 {rows, 6, 5}, images_);
}

TEST_F(ImportIdx, nothing_is_overwritten) {
  import_idx(settings());
  expect_refused(settings(), ErrorKind::usage, "already exists");
}

TEST_F(ImportIdx, bad_settings_are_refused) {
  auto wrong = settings();
  wrong.compression = 10;
  expect_refused(wrong, ErrorKind::usage, "--compress is 10");
  wrong = settings();
  wrong.output.file = folder_.file("no/such/folder/out.h5");
  expect_refused(wrong, ErrorKind::io, "no/such/folder");
}

}  // namespace
}  // namespace hourglass
