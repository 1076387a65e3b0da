#pragma once

#include <string>
#include <vector>

#include "hdf5/hdf5_handle.hpp"

/// AnnData files (.h5ad) and the feature-barcode matrices of 10x Genomics (.h5). The caller holds
/// the Lock.
namespace hourglass::hdf5 {

/// Whether the file is AnnData's, of any version.
[[nodiscard]] bool is_anndata(hid_t file);

/// "/X". Throws Error(data) when it is missing, or sparse and stored by columns, with the command
/// that turns it.
[[nodiscard]] std::string anndata_samples(hid_t file, const std::string& file_name);

/// Names of the variables (genes) when `path` is X, raw/X or a layer; empty for others, and when
/// there are not `count`.
[[nodiscard]] std::vector<std::string> variable_names(hid_t file, const std::string& path,
                                                      Index count);

/// Names of the observations (cells) likewise.
[[nodiscard]] std::vector<std::string> observation_names(hid_t file, const std::string& path,
                                                         Index count);

/// The group of the feature-barcode matrix in the file; "" when the file has none. Throws
/// Error(data) naming them when there are several: of files of version 2, one for each genome.
[[nodiscard]] std::string tenx_samples(hid_t file, const std::string& file_name);

/// Names of the `count` features of a feature-barcode matrix: those of the genes, or where two are
/// the same the identifiers. Empty when there are not as many, or these are not unique either.
[[nodiscard]] std::vector<std::string> tenx_names(hid_t group, Index count);
/// Its barcodes, which name the cells; empty when there are not as many.
[[nodiscard]] std::vector<std::string> tenx_barcodes(hid_t group, Index count);

}  // namespace hourglass::hdf5
