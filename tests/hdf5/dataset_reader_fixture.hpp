#pragma once

#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "hdf5/hdf5.hpp"
#include "hdf5/hdf5_example.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass::io_test {

class DatasetReaderTest : public testing::Test {
 protected:
  [[nodiscard]] DatasetReader open(const std::string& path) const {
    return DatasetReader({file_, path});
  }

  template <class T>
  [[nodiscard]] std::vector<T> read(const std::string& path, Range rows) const {
    const DatasetReader reader = open(path);
    EXPECT_EQ(size_of(reader.info().type), static_cast<Index>(sizeof(T)));
    std::vector<T> values(static_cast<std::size_t>(rows.size() * reader.info().features()));
    reader.read_rows(rows, std::as_writable_bytes(std::span(values)));
    return values;
  }

  static std::vector<float> counting(std::size_t count) {
    std::vector<float> values(count);
    std::iota(values.begin(), values.end(), -3.0F);
    return values;
  }

  void refused(ErrorKind kind, const std::string& path, const std::string& part) const {
    expect_error(kind, part, [&] { (void)open(path); });
  }

  TemporaryFolder folder_;
  std::string file_ = folder_.file("data.h5");
};

}  // namespace hourglass::io_test
