#pragma once

#include <string>
#include <vector>

#include "hdf5/hdf5_handle.hpp"
#include "hdf5/stored_form.hpp"

/// The conventions of other tools' HDF5 files: netCDF and CF, MATLAB 7.3, AnnData, 10x Genomics,
/// pandas and PyTables, NeXus. A file of a known dialect is read by its conventions or refused with
/// advice, never guessed at. The caller holds the Lock.
namespace hourglass::hdf5 {

/// How a data set has to be read. Throws Error(data) with advice when it is not numbers, or its
/// attributes say that they cannot be samples (MATLAB's text, empty arrays) or contradict its type.
[[nodiscard]] StoredForm stored_form(hid_t file, hid_t dataset, const DatasetAddress& address);

/// Names of the columns of the N x `count` data set, from its attributes ("feature_names",
/// "column_names", "columns", "names"), AnnData's var, netCDF's coordinates, pandas' items or the
/// fields of records. Empty when unknown.
[[nodiscard]] std::vector<std::string> feature_names(hid_t file, hid_t dataset,
                                                     const std::string& path,
                                                     const StoredForm& form, Index count);

/// The data set that an address without a path means in a file of a known dialect; "" when the
/// file is of none, or does not say. Throws Error(data) when the dialect's samples cannot be read,
/// or when the user has to choose.
[[nodiscard]] std::string samples_of_dialect(hid_t file, const std::string& file_name);

/// The data set that a group of a known dialect stands for: a data frame's values, NeXus' signal.
/// "" when the group is none. Throws Error(data) with advice when it cannot be read.
[[nodiscard]] std::string dataset_of_group(hid_t file, hid_t group, const DatasetAddress& address);

/// False for what a dialect adds to its samples: coordinates, indices, what MATLAB's cells refer
/// to.
[[nodiscard]] bool may_be_samples(hid_t dataset, const std::string& path);

}  // namespace hourglass::hdf5
