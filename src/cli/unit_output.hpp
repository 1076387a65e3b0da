#pragma once

#include <string>
#include <vector>

#include "analysis/unit_study.hpp"

namespace hourglass {

/// The CSV file of `score --per-unit`: one line for each unit of the code with its number, use,
/// share of the samples, the samples that use it most (ROW:VALUE, largest first) and the largest
/// features of its atom (NAME:VALUE, in the units of the data).
[[nodiscard]] std::string unit_table(const UnitStudy& study, const Model& model,
                                     const InputTransform& outputs,
                                     const std::vector<std::string>& names);

}  // namespace hourglass
