#pragma once

#include <span>
#include <string>

#include "report/comparison.hpp"

namespace hourglass {

/// What of runs in progress comes from their metrics, as elements of HTML: of one run the summary,
/// curves and configuration as its report has them, of several a comparison, with links to those of
/// one. `runs` are ranked and at least one; `remarks` stand at the top.
[[nodiscard]] std::string live_content(std::span<const ComparedRun> runs,
                                       std::span<const std::string> remarks);

/// A page of that content, which asks the server that it is from for "live" beside it every second
/// and puts what is new in the place of what it shows: the content, of which `tag` is the entity
/// tag. Sorted tables stay sorted; what has not changed is not touched.
[[nodiscard]] std::string live_page(const std::string& content, const std::string& tag);

}  // namespace hourglass
