#pragma once

#include <string>
#include <utility>
#include <vector>

#include "report/scaling_model.hpp"

namespace hourglass {

/// Studies as a page for people, a table for programs, and pictures for slides.
struct ScalingReport {
  std::string html;
  std::string csv;
  std::vector<std::pair<std::string, std::string>> pictures;  ///< name ("speedup") and SVG file
  Index repeated = 0;  ///< measurements that were in more than one of the files; they count once
};

/// Parts of one study (same program, same options) become one. Throws Error(data) naming a file
/// without a measurement.
[[nodiscard]] ScalingReport make_scaling_report(const std::vector<ScalingStudy>& studies);

}  // namespace hourglass
