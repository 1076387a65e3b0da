#include "hdf5/external_data.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "hdf5/dataset_reader_fixture.hpp"
#include "support/file_bytes.hpp"

namespace hourglass {
namespace {

using namespace io_test;

TEST_F(DatasetReaderTest, refuses_external_links_and_storage) {
  const std::string other = folder_.file("other.h5");
  write_bytes(folder_.file("raw.bin"), std::string(48, 'x'));
  { Hdf5Example(other).add_floats("/x", {1}, {1.0F}); }
  {
    Hdf5Example example(file_);
    H5Lcreate_external(other.c_str(), "/x", example.file(), "/link", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/link", example.file(), "/indirect", H5P_DEFAULT, H5P_DEFAULT);
    H5Pset_external(example.creation(), folder_.file("raw.bin").c_str(), 0, 48);
    example.add("/outside", {4, 3}, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, nullptr);
  }
  refused(ErrorKind::data, "/link", "another file");
  refused(ErrorKind::data, "/indirect", "another file");
  refused(ErrorKind::data, "/outside", "external storage");
  for (const char* path : {"/link", "/indirect", "/outside"})
    refused(ErrorKind::data, path, "--allow-external");
  for (const char* path : {"/link", "/indirect"}) {
    EXPECT_EQ(DatasetReader({file_, path, true}).info().rows(), 1) << path;
  }
  const DatasetReader outside({file_, "/outside", true});
  std::string values(48, ' ');
  outside.read_rows({0, 4}, std::as_writable_bytes(std::span(values)));
  EXPECT_EQ(values, std::string(48, 'x'));
  write_bytes(folder_.file("raw.bin"), std::string(47, 'x'));
  expect_error(ErrorKind::data, "too short", [&] { DatasetReader({file_, "/outside", true}); });
  std::filesystem::remove(folder_.file("raw.bin"));
  expect_error(ErrorKind::io, "raw.bin", [&] { DatasetReader({file_, "/outside", true}); });
}

TEST_F(DatasetReaderTest, virtual_sets_need_all_their_sources) {
  const std::string other = folder_.file("other.h5");
  { Hdf5Example(other).add_floats("/x", {2, 3}, counting(6)); }
  { Hdf5Example(folder_.file("short.h5")).add_floats("/x", {1, 3}, counting(3)); }
  { Hdf5Example(folder_.file("empty.h5")).add_floats("/y", {2, 3}, counting(6)); }
  const auto add_virtual = [](Hdf5Example& example, const std::string& path,
                              const std::vector<std::string>& sources) {
    const std::vector<hsize_t> whole = {4, 3};
    const std::vector<hsize_t> half = {2, 3};
    const hid_t place = H5Screate_simple(2, whole.data(), nullptr);
    const hid_t source_space = H5Screate_simple(2, half.data(), nullptr);
    for (std::size_t i = 0; i < sources.size(); ++i) {
      const std::vector<hsize_t> start = {2 * i, 0};
      H5Sselect_hyperslab(place, H5S_SELECT_SET, start.data(), nullptr, half.data(), nullptr);
      H5Pset_virtual(example.creation(), place, sources[i].c_str(), "/x", source_space);
    }
    H5Sclose(source_space);
    H5Sclose(place);
    example.add(path, whole, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, nullptr);
    example.default_creation();
  };
  {
    Hdf5Example example(file_);
    add_virtual(example, "/whole", {"other.h5", other});
    add_virtual(example, "/half", {"other.h5"});
    add_virtual(example, "/missing", {"other.h5", "none.h5"});
    add_virtual(example, "/short", {"other.h5", "short.h5"});
    add_virtual(example, "/empty", {"other.h5", "empty.h5"});
  }
  auto twice = counting(6);
  const auto once = counting(6);
  twice.insert(twice.end(), once.begin(), once.end());
  refused(ErrorKind::data, "/whole",
          "virtual data set over other files (other.h5), which are not followed");
  const DatasetReader whole({file_, "/whole", true});
  std::vector<float> values(twice.size());
  whole.read_rows({0, 4}, std::as_writable_bytes(std::span(values)));
  EXPECT_EQ(values, twice);
  expect_error(ErrorKind::data, "do not cover", [&] { DatasetReader({file_, "/half", true}); });
  expect_error(ErrorKind::io,
               "/missing: is a virtual data set that needs another file: none.h5: no such file",
               [&] {
                 DatasetReader({file_, "/missing", true});
               });
}

}  // namespace
}  // namespace hourglass
