#pragma once

#include <string>
#include <vector>

namespace hourglass {

/// `hourglass report scaling`: results files of hourglass scale as a page, with a CSV file and PNG
/// pictures beside it. Throws Error(usage), Error(data) naming file and line, Error(io).
void report_scaling(const std::vector<std::string>& files, const std::string& output);

}  // namespace hourglass
