#include "cli/report_scaling.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "hourglass/core/error.hpp"
#include "report/scaling_report.hpp"
#include "system/atomic_file.hpp"

namespace hourglass {

// scaling.html -> scaling.csv, scaling-speedup.svg, ...
void report_scaling(const std::vector<std::string>& files, const std::string& output) {
  if (files.empty())
    throw Error(ErrorKind::usage,
                "name results files: hourglass report scaling results.jsonl --output scaling.html");
  std::vector<ScalingStudy> studies;
  for (const std::string& file : files) studies.push_back(read_scaling_results(file));
  const ScalingReport report = make_scaling_report(studies);
  const std::filesystem::path base = std::filesystem::path(output).replace_extension();
  std::vector<std::pair<std::string, std::string>> beside = {{base.string() + ".csv", report.csv}};
  for (const auto& [name, picture] : report.pictures) {
    beside.emplace_back(fmt::format("{}-{}.svg", base.string(), name), picture);
  }
  // Tables and pictures are replaced only beside an existing page: otherwise they may be someone
  // else's.
  if (!std::filesystem::exists(output)) {
    for (const auto& [path, text] : beside) require_new(path);
  }
  write_text_atomically(output, report.html);
  for (const auto& [path, text] : beside) write_text_atomically(path, text);
  if (report.repeated > 0) {
    fmt::print("{} measurement{} in more than one of the files and count{} once\n", report.repeated,
               report.repeated == 1 ? " is" : "s are", report.repeated == 1 ? "s" : "");
  }
  fmt::print("{}: HTML report; open it in a browser; with {}.csv and {} figures {}-*.svg\n", output,
             base.string(), report.pictures.size(), base.string());
}

}  // namespace hourglass
