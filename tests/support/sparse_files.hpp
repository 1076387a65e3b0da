#pragma once

#include <hdf5.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "support/hdf5_files.hpp"

namespace hourglass {

/// A sparse matrix, and how it is stored.
struct SparseExample {
  Index rows = 0;
  Index columns = 0;
  std::vector<std::int64_t> indptr = {0};
  std::vector<std::int64_t> indices;
  std::vector<float> data;
  std::string encoding = "csr_matrix";
  bool wide = false;  ///< indices and indptr as int64
  hsize_t chunk = 0;  ///< elements of a chunk, deflated; 0: contiguous

  [[nodiscard]] std::vector<float> dense() const {
    std::vector<float> values(static_cast<std::size_t>(rows * columns));
    for (Index r = 0; r < rows; ++r) {
      for (auto i = static_cast<std::size_t>(indptr[static_cast<std::size_t>(r)]);
           i < static_cast<std::size_t>(indptr[static_cast<std::size_t>(r) + 1]); ++i)
        values[static_cast<std::size_t>(r * columns + indices[i])] = data[i];
    }
    return values;
  }
};

/// Counts of which about the share `density` is not zero; some rows have none.
inline SparseExample random_sparse(Index rows, Index columns, double density, unsigned seed) {
  SparseExample example{rows, columns};
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> share(0, 1);
  for (Index r = 0; r < rows; ++r) {
    const bool none = share(random) < 0.05;
    for (Index c = 0; c < columns && !none; ++c) {
      if (share(random) >= density) continue;
      example.indices.push_back(c);
      example.data.push_back(static_cast<float>(1 + random() % 9));
    }
    example.indptr.push_back(static_cast<std::int64_t>(example.indices.size()));
  }
  return example;
}

inline void add_numbers(hid_t group, const std::string& name, hid_t stored, hid_t memory,
                        const void* values, hsize_t count, hsize_t chunk = 0) {
  const hid_t space = H5Screate_simple(1, &count, nullptr);
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  if (chunk > 0) {
    const hsize_t elements = chunk < count ? chunk : count;
    H5Pset_chunk(creation, 1, &elements);
    H5Pset_deflate(creation, 1);
  }
  const hid_t set =
      H5Dcreate2(group, name.c_str(), stored, space, H5P_DEFAULT, creation, H5P_DEFAULT);
  H5Dwrite(set, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
  H5Dclose(set);
  H5Pclose(creation);
  H5Sclose(space);
}

/// Writes group /X of a new file as AnnData does.
inline DatasetAddress write_sparse(const std::string& path, const SparseExample& example,
                                   hid_t value_type = H5T_IEEE_F32LE) {
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t group = H5Gcreate2(file, "X", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t index_type = example.wide ? H5T_STD_I64LE : H5T_STD_I32LE;
  add_numbers(group, "data", value_type, H5T_NATIVE_FLOAT, example.data.data(), example.data.size(),
              example.chunk);
  add_numbers(group, "indices", index_type, H5T_NATIVE_INT64, example.indices.data(),
              example.indices.size(), example.chunk);
  add_numbers(group, "indptr", index_type, H5T_NATIVE_INT64, example.indptr.data(),
              example.indptr.size());
  const hsize_t two = 2;
  const hid_t pair = H5Screate_simple(1, &two, nullptr);
  const hid_t shape = H5Acreate2(group, "shape", H5T_STD_I64LE, pair, H5P_DEFAULT, H5P_DEFAULT);
  const std::vector<std::int64_t> sizes = {example.rows, example.columns};
  H5Awrite(shape, H5T_NATIVE_INT64, sizes.data());
  H5Aclose(shape);
  H5Sclose(pair);
  if (!example.encoding.empty()) {
    const hid_t text = H5Tcopy(H5T_C_S1);
    H5Tset_size(text, example.encoding.size());
    const hid_t scalar = H5Screate(H5S_SCALAR);
    const hid_t encoding =
        H5Acreate2(group, "encoding-type", text, scalar, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(encoding, text, example.encoding.data());
    H5Aclose(encoding);
    H5Sclose(scalar);
    H5Tclose(text);
  }
  H5Gclose(group);
  H5Fclose(file);
  return {path, "/X"};
}

}  // namespace hourglass
