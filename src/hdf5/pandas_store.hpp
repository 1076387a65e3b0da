#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hdf5/hdf5_handle.hpp"

/// Data frames that pandas stored (DataFrame.to_hdf) and the tables of PyTables. The caller holds
/// the Lock.
namespace hourglass::hdf5 {

/// Whether PyTables, and so perhaps pandas, wrote the file.
[[nodiscard]] bool is_pytables(hid_t file);

/// Whether a group is a data frame or series.
[[nodiscard]] bool is_frame(hid_t group);

/// Absolute paths of the data frames and series of a file.
[[nodiscard]] std::vector<std::string> frames(hid_t file);

/// The names of an axis or block of a frame in the fixed format, which are texts or numbers.
[[nodiscard]] std::vector<std::string> frame_items(hid_t file, const std::string& path);

/// The data set that holds the values of the frame at `path`: its only block, or its table. Throws
/// Error(data) with advice when they lie in several, or are not numbers.
[[nodiscard]] std::string values_of_frame(hid_t file, const std::string& file_name,
                                          const std::string& path);

/// Fields of the table at `path` that are not columns of the frame.
[[nodiscard]] std::vector<std::string> index_fields(hid_t file, const std::string& path);

/// Names of the columns of a block's or table's values, `count` of them; empty when unknown.
/// `fields` are the fields of the table, as compound_columns names them.
[[nodiscard]] std::vector<std::string> column_names(hid_t file, const std::string& path,
                                                    const std::vector<std::string>& fields,
                                                    Index count);

/// The texts and numbers of a list that Python pickled with protocol 0, as PyTables does.
[[nodiscard]] std::vector<std::string> pickled_list(std::string_view pickle);

}  // namespace hourglass::hdf5
