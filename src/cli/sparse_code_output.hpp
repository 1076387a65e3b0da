#pragma once

#include <nlohmann/json_fwd.hpp>

#include "analysis/sparse_code_statistics.hpp"

namespace hourglass {

/// The lines "fvu", "sparse" and "atoms" on standard output; with `histogram` also "use".
void print_sparse_code(const SparseCodeStatistics& code, bool histogram);
/// The keys "fvu", "l0", "code_units", "dead_units" and "dead_share" (of no sample),
/// "use_histogram", "nearest_cosine", "near_atom_share" and "cosine_atoms".
void add_sparse_code(const SparseCodeStatistics& code, nlohmann::ordered_json& json);

}  // namespace hourglass
