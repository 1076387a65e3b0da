#pragma once

#include <string>
#include <vector>

#include "hdf5/hdf5_handle.hpp"

namespace hourglass::hdf5 {

/// A data set of records (h5py's structured arrays, PyTables) read as a table: a column per number
/// of each field.
struct CompoundColumns {
  Handle memory;  ///< the type to read rows as: the columns next to each other
  ElementType type = ElementType::f64;  ///< of all columns: the one that holds all fields
  std::vector<std::string> names;       ///< of the fields; "field[2]" for arrays
};

/// The type that holds the numbers of both, as NumPy's result_type has it.
[[nodiscard]] ElementType common_type(ElementType a, ElementType b);

/// The columns of a compound type, but for the fields in `without`. Throws Error(data) with advice
/// when one is not numbers; `address` is the file and the path of the data set. The caller holds
/// the Lock.
[[nodiscard]] CompoundColumns compound_columns(hid_t type, const DatasetAddress& address,
                                               const std::vector<std::string>& without);

}  // namespace hourglass::hdf5
