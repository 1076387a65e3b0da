#pragma once

#include <string>
#include <vector>

#include "cli/inference_output.hpp"
#include "cli/options.hpp"
#include "hdf5/hdf5.hpp"

namespace hourglass {

/// Where in an AnnData file a command's rows go, unless --key names another place.
struct AnnDataPlace {
  std::string group;  ///< "obsm", or "layers" for rows with a number per variable
  std::string key;
};

/// --in-place and --key; `key` is the default of the latter.
[[nodiscard]] std::vector<Option> anndata_output_options(const std::string& key);

/// Whether the output is an AnnData file: a copy FILE.h5ad of the file of `samples`, or that file
/// with --in-place. Then fills in the plan's output, source and name. Rows of other
/// variables than the file's, or in another order, go to obsm instead of layers. Throws
/// Error(usage) when the samples are not all rows of one file in their order, or when the output or
/// the place in it exists; Error(data) when the file is not AnnData's.
[[nodiscard]] bool plan_anndata_output(const Arguments& arguments, const DatasetReader& samples,
                                       const AnnDataPlace& place, OutputPlan& plan);

}  // namespace hourglass
