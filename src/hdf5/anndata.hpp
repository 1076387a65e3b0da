#pragma once

#include <string>
#include <vector>

#include "hdf5/hdf5_handle.hpp"

/// AnnData files (.h5ad) and the feature-barcode matrices of 10x Genomics (.h5). The caller holds
/// the Lock.
namespace hourglass::hdf5 {

/// Whether the file is AnnData's, of any version.
[[nodiscard]] bool is_anndata(hid_t file);

/// "/X" when it is dense. Throws Error(data) when it is sparse, with the command that makes it
/// dense, or is missing.
[[nodiscard]] std::string anndata_samples(hid_t file, const std::string& file_name);

/// Names of the variables (genes) when `path` is X, raw/X or a layer; empty for others, and when
/// there are not `count`.
[[nodiscard]] std::vector<std::string> variable_names(hid_t file, const std::string& path,
                                                      Index count);

/// Throws Error(data) when the file is a feature-barcode matrix, with the command that makes it
/// dense; does nothing for other files.
void refuse_tenx(hid_t file, const std::string& file_name);

}  // namespace hourglass::hdf5
