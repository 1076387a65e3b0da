#pragma once

#include <string>

#include "export/saelens.hpp"

namespace hourglass {

/// Whether a path is a folder with both files.
[[nodiscard]] bool is_saelens_folder(const std::string& path);
/// Reads them: of architectures standard, topk, jumprelu and gated, in F32, F16 or BF16. Scales
/// that SAELens applies to units by the norms of their atoms are folded in. Throws Error(io) and
/// Error(data), naming the file, for what is missing, of other shapes, not finite, of another
/// architecture or activation, has tensors or factors of units that such a model has not, or needs
/// a normalisation of activations that the files do not hold.
[[nodiscard]] SaelensWeights read_saelens(const std::string& folder);

}  // namespace hourglass
