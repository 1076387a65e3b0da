#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "hdf5/dataset_writer.hpp"

namespace hourglass::io_test {

/// rows x columns floats, each of its own value.
inline std::vector<float> table(Index rows, Index columns) {
  std::vector<float> values(static_cast<std::size_t>(rows * columns));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 0.5F * static_cast<float>(i) - 3.0F;
  return values;
}

/// The data set of such a table.
inline DatasetSpec spec_of(const std::string& path, Index rows, Index columns,
                           Index chunk_rows = 0) {
  DatasetSpec spec;
  spec.path = path;
  spec.shape = {rows, columns};
  spec.chunk_rows = chunk_rows;
  return spec;
}

/// The bytes of some of its rows.
template <class T>
std::span<const std::byte> rows_of(const std::vector<T>& values, Index columns, Range rows) {
  return std::as_bytes(std::span(values).subspan(static_cast<std::size_t>(rows.begin * columns),
                                                 static_cast<std::size_t>(rows.size() * columns)));
}

inline std::vector<float> read_floats(const std::string& address) {
  const DatasetReader reader(parse_address(address));
  std::vector<float> values(
      static_cast<std::size_t>(reader.info().rows() * reader.info().features()));
  reader.read_rows({0, reader.info().rows()}, std::as_writable_bytes(std::span(values)));
  return values;
}

}  // namespace hourglass::io_test
