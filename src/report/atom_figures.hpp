#pragma once

#include <string>
#include <vector>

#include "analysis/sample_study.hpp"
#include "report/image_figures.hpp"

namespace hourglass {

/// What the units of a sparse code stand for, by the samples of a study. The atom of a unit is what
/// it adds to the output where it is 1.

/// The units that samples of the study use, those of most samples first, at most `most`.
[[nodiscard]] std::vector<Index> most_used_units(const SampleStudy& study, Index most);

/// Their atoms as images; empty where outputs are not images.
[[nodiscard]] std::vector<Figure> atom_figures(const Model& model, std::span<const Index> units,
                                               const ImageShape& shape);

/// Rows of a table: unit, share of the samples in %, rows of the data with the largest values, and
/// the largest features of its atom by `names`, in the units of the data.
[[nodiscard]] std::vector<std::vector<std::string>> atom_rows(
    const Model& model, const SampleStudy& study, std::span<const Index> units,
    const std::vector<std::string>& names);

}  // namespace hourglass
