#pragma once

#include <string>
#include <utility>
#include <vector>

#include "report/scaling_model.hpp"

namespace hourglass {

/// Studies as a page, a table and pictures.
struct ScalingReport {
  std::string html;
  std::string csv;
  std::vector<std::pair<std::string, std::string>> pictures;  ///< name ("speedup") and SVG file
  Index repeated = 0;  ///< measurements found in more than one file; each counts once
};

/// Parts of one study (same program, same options) become one. Throws Error(data) naming a file
/// without a measurement.
[[nodiscard]] ScalingReport make_scaling_report(const std::vector<ScalingStudy>& studies);

}  // namespace hourglass
