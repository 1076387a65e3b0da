#include "checkpoint/state_file.hpp"

#include <gtest/gtest.h>
#include <hdf5.h>

#include <cstring>

#include "checkpoint/state_example.hpp"
#include "support/expect_error.hpp"
#include "support/file_bytes.hpp"
#include "support/one_rank.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

using namespace io_test;

class StateFileTest : public testing::Test {
 protected:
  void SetUp() override { write_example(one_rank(), path_); }

  /// What a reader sees, as one text; bit for bit.
  static std::string content_of(const std::string& path) {
    const StateFile file = read_state_file(path);
    std::string text = file.header.configuration + file.weights_digest;
    for (const auto& [name, value] : file.header.texts) text += name + "=" + value + ";";
    for (const auto& [name, value] : file.header.position)
      text += name + "=" + std::to_string(value) + ";";
    for (const auto& [name, values] : file.header.doubles) {
      text += name;
      for (const double value : values) {
        std::uint64_t bits = 0;
        std::memcpy(&bits, &value, sizeof bits);
        text += std::to_string(bits) + ",";
      }
    }
    for (const StoredGroup& group : file.groups) {
      std::vector<float> arena(static_cast<std::size_t>(arena_size(group.tensors)));
      read_arena(file, group.group, arena);
      text += group.group + std::string(reinterpret_cast<const char*>(arena.data()),
                                        arena.size() * sizeof(float));
    }
    return text;
  }

  /// Changes a weight in the file without making a new one.
  void flip_in_place() const {
    std::string bytes = read_bytes(path_);
    const auto values = example_values(example_tensors(), 1.0F);
    const std::size_t place =
        bytes.find(std::string(reinterpret_cast<const char*>(values.data()), 16));
    ASSERT_NE(place, std::string::npos);
    bytes[place] = static_cast<char>(bytes[place] ^ 1);
    write_bytes(path_, bytes);
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("model.h5");
};

TEST_F(StateFileTest, round_trip_everything) {
  const StateFile file = read_state_file(path_);
  const auto tensors = example_tensors();
  const StateHeader header = example_header();
  EXPECT_EQ(file.header.configuration, header.configuration);
  EXPECT_EQ(file.header.texts, header.texts);
  EXPECT_EQ(file.header.position, header.position);
  ASSERT_EQ(file.header.doubles.size(), header.doubles.size());
  EXPECT_EQ(file.header.doubles.at("/history/empty").size(), 0U);
  EXPECT_EQ(file.header.doubles.at("/model/input/mean"), std::vector<double>{0.25});
  EXPECT_TRUE(std::isnan(file.header.doubles.at("/history/loss")[1]));
  EXPECT_EQ(file.optimizer_groups, std::vector<std::string>{"mean"});
  ASSERT_EQ(file.parameters.size(), tensors.size());
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    EXPECT_EQ(file.parameters[t].name, tensors[t].name);
    EXPECT_EQ(file.parameters[t].shape, tensors[t].shape);
    EXPECT_EQ(file.parameters[t].offset, tensors[t].offset);
    EXPECT_EQ(file.parameters[t].size, tensors[t].size);
  }
  std::vector<float> arena(static_cast<std::size_t>(arena_size(tensors)), 99.0F);
  read_arena(file, "/model", arena);
  EXPECT_EQ(arena, example_values(tensors, 1.0F));
  read_arena(file, "/optimizer/mean", arena);
  EXPECT_EQ(arena, example_values(tensors, 0.125F));
  EXPECT_EQ(file.weights_digest, weights_digest(tensors, example_values(tensors, 1.0F)));
  EXPECT_EQ(folder_.entries(), 1);
}

TEST_F(StateFileTest, same_content_gives_same_bytes) {
  const std::string again = folder_.file("again.h5");
  write_example(one_rank(), again);
  EXPECT_TRUE(read_bytes(path_) == read_bytes(again));
}

TEST_F(StateFileTest, long_texts_are_kept) {
  StateHeader header = example_header();
  header.configuration.assign(200000, 'x');
  header.configuration += "end";
  header.texts["notes"] = std::string(70000, 'y');
  const auto tensors = example_tensors();
  const auto values = example_values(tensors, 1.0F);
  const std::vector<StoredArena> arenas = {
      store("/model", tensors, values, {{0, arena_size(tensors)}})};
  write_state_file(one_rank(), path_, header, arenas);
  const StateFile file = read_state_file(path_);
  EXPECT_EQ(file.header.configuration, header.configuration);
  EXPECT_EQ(file.header.texts, header.texts);
}

TEST_F(StateFileTest, digest_depends_on_every_value_name_and_shape) {
  const auto tensors = example_tensors();
  auto values = example_values(tensors, 1.0F);
  const std::string digest = weights_digest(tensors, values);
  EXPECT_EQ(digest.size(), 32U);
  for (const StoredTensor& tensor : tensors) {
    for (const Index i : {Index{0}, tensor.size / 2, tensor.size - 1}) {
      auto changed = values;
      changed[static_cast<std::size_t>(tensor.offset + i)] =
          -changed[static_cast<std::size_t>(tensor.offset + i)];
      EXPECT_NE(weights_digest(tensors, changed), digest) << tensor.name << " " << i;
    }
  }
  auto exchanged = values;
  std::swap_ranges(exchanged.begin(), exchanged.begin() + cell_floats,
                   exchanged.begin() + cell_floats);
  EXPECT_NE(weights_digest(tensors, exchanged), digest);
  auto renamed = tensors;
  renamed[1].name = "encoder/1/bias";
  EXPECT_NE(weights_digest(renamed, values), digest);
  auto reshaped = tensors;
  reshaped[0].shape = {30, 7};
  EXPECT_NE(weights_digest(reshaped, values), digest);
  values[static_cast<std::size_t>(tensors[1].offset + tensors[1].size)] = 5.0F;  // padding
  EXPECT_EQ(weights_digest(tensors, values), digest);
}

TEST_F(StateFileTest, every_flipped_bit_is_an_error_or_harmless) {
  const std::string sound = read_bytes(path_);
  const std::string content = content_of(path_);
  const std::string damaged_path = folder_.file("damaged.h5");
  int errors = 0;
  int harmless = 0;
  write_bytes(damaged_path, sound);
  for (std::size_t at = 0; at < sound.size(); at += 3) {
    const auto damage = static_cast<char>(sound[at] ^ (1 << (at % 8)));
    const ByteInFile damaged(damaged_path, at, damage, sound[at]);
    try {
      ASSERT_TRUE(content_of(damaged_path) == content) << "byte " << at << " was changed unseen";
      ++harmless;
    } catch (const Error& error) {
      ASSERT_EQ(error.kind(), ErrorKind::data) << error.what();
      ++errors;
    }
  }
  // Only gaps between blocks may change unseen.
  EXPECT_GT(errors, harmless);
}

TEST_F(StateFileTest, flipped_weight_names_digest) {
  std::string bytes = read_bytes(path_);
  const auto values = example_values(example_tensors(), 0.125F);
  const std::string needle(reinterpret_cast<const char*>(values.data() + 10), 16);
  const std::size_t place = bytes.find(needle);
  ASSERT_NE(place, std::string::npos);
  bytes[place] = static_cast<char>(bytes[place] ^ 1);
  write_bytes(path_, bytes);
  expect_error(ErrorKind::data, "corrupted: digest mismatch in /optimizer/mean",
               [&] { (void)read_state_file(path_); });
}

TEST_F(StateFileTest, file_changed_after_verification_is_noticed) {
  const StateFile file = read_state_file(path_);
  flip_in_place();
  std::vector<float> arena(static_cast<std::size_t>(arena_size(example_tensors())));
  expect_error(ErrorKind::data, "digest mismatch", [&] { read_arena(file, "/model", arena); });
}

TEST_F(StateFileTest, header_alone_is_verified_when_opened) {
  flip_in_place();
  const StateFile file = open_state_file(path_);
  EXPECT_EQ(file.header.configuration, example_header().configuration);
  EXPECT_EQ(file.weights_digest,
            weights_digest(example_tensors(), example_values(example_tensors(), 1.0F)));
  std::vector<float> arena(static_cast<std::size_t>(arena_size(example_tensors())));
  expect_error(ErrorKind::data, "digest mismatch in /model",
               [&] { read_arena(file, "/model", arena); });
  read_arena(file, "/optimizer/mean", arena);
  std::string bytes = read_bytes(path_);
  const std::size_t place = bytes.find("layers = 30,7");
  ASSERT_NE(place, std::string::npos);
  bytes[place] = 'L';
  write_bytes(path_, bytes);
  expect_error(ErrorKind::data, "model.h5: ", [&] { (void)open_state_file(path_); });
}

TEST_F(StateFileTest, every_truncation_is_an_error) {
  const std::string sound = read_bytes(path_);
  const std::string short_path = folder_.file("short.h5");
  for (std::size_t size = 0; size < sound.size(); size += 1 + size / 50) {
    write_bytes(short_path, sound.substr(0, size));
    expect_error(ErrorKind::data, "short.h5: ", [&] { (void)read_state_file(short_path); });
  }
  write_bytes(short_path, sound.substr(0, sound.size() - 1));
  expect_error(ErrorKind::data, "truncated", [&] { (void)read_state_file(short_path); });
}

TEST_F(StateFileTest, newer_version_asks_for_upgrade) {
  const hid_t file = H5Fopen(path_.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  const hid_t model = H5Gopen2(file, "/model", H5P_DEFAULT);
  const hid_t attribute = H5Aopen(model, "format_version", H5P_DEFAULT);
  const std::int64_t version = 2;
  ASSERT_GE(H5Awrite(attribute, H5T_NATIVE_INT64, &version), 0);
  H5Aclose(attribute);
  H5Gclose(model);
  H5Fclose(file);
  expect_error(ErrorKind::data, "upgrade", [&] { (void)read_state_file(path_); });
}

TEST_F(StateFileTest, other_hdf5_file_is_told) {
  const std::string other = folder_.file("other.h5");
  H5Fclose(H5Fcreate(other.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
  expect_error(ErrorKind::data, "not a model or checkpoint", [&] { (void)read_state_file(other); });
  expect_error(ErrorKind::io, "no such file",
               [&] { (void)read_state_file(folder_.file("none.h5")); });
  write_bytes(other, "nothing of the kind");
  expect_error(ErrorKind::data, "not an HDF5 file", [&] { (void)read_state_file(other); });
}

TEST_F(StateFileTest, unknown_group_and_small_arena) {
  const StateFile file = read_state_file(path_);
  std::vector<float> arena(64);
  expect_error(ErrorKind::data, "/optimizer/variance",
               [&] { read_arena(file, "/optimizer/variance", arena); });
  expect_error(ErrorKind::data, "does not fit", [&] { read_arena(file, "/model", arena); });
}

TEST_F(StateFileTest, incomplete_ranges_are_a_bug) {
  const auto tensors = example_tensors();
  const auto values = example_values(tensors, 1.0F);
  const std::vector<StoredArena> arenas = {
      store("/model", tensors, values, {{64, arena_size(tensors)}})};
  expect_error(ErrorKind::bug, "cover",
               [&] { write_state_file(one_rank(), path_, example_header(), arenas); });
}

TEST_F(StateFileTest, full_disk_leaves_the_old_file) {
  const std::string before = read_bytes(path_);
  for (const rlim_t limit : {0U, 100U, 2048U, 4096U, 8192U}) {
    const FileSizeLimit full(limit);
    expect_error(ErrorKind::io, "model.h5", [&] { write_example(one_rank(), path_); });
    EXPECT_EQ(folder_.entries(), 1);
  }
  EXPECT_TRUE(read_bytes(path_) == before);
}

TEST_F(StateFileTest, missing_folder_is_told) {
  expect_error(ErrorKind::io, "does not exist",
               [&] { write_example(one_rank(), folder_.file("none/model.h5")); });
  expect_error(ErrorKind::io, "is a folder", [&] { write_example(one_rank(), folder_.path()); });
}

}  // namespace
}  // namespace hourglass
