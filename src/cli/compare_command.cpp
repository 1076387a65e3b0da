#include <fmt/format.h>

#include <algorithm>

#include "cli/command.hpp"
#include "cli/run_choice.hpp"
#include "core/number_text.hpp"
#include "hourglass/core/error.hpp"
#include "report/comparison.hpp"
#include "run/run_folder.hpp"
#include "system/atomic_file.hpp"

namespace hourglass {
namespace {

void print_runs(const std::vector<ComparedRun>& runs) {
  std::size_t width = 3;
  for (const ComparedRun& run : runs) width = std::max(width, run.name.size());
  fmt::print("{:<{}} {:>7} {:>12} {:>12}\n", "run", width, "epochs", "sse", "validation");
  for (const ComparedRun& run : runs) {
    const auto outcome = outcome_of(run);
    const auto best = outcome ? outcome->best_validation_sse : std::nullopt;
    fmt::print("{:<{}} {:>7} {:>12} {:>12}\n", run.name, width, outcome ? outcome->epochs : 0,
               outcome ? decimal_text(outcome->sse, 4) : "-", best ? decimal_text(*best, 4) : "-");
  }
}

void run_compare(const Arguments& arguments) {
  if (arguments.positional.empty()) {
    throw Error(ErrorKind::usage,
                "name run folders: hourglass compare run1/ run2/ --output compare.html");
  }
  const std::string output = arguments.get("output", "compare.html");
  require_new_or_own(output, "<!DOCTYPE html>", "page", "--output");
  std::vector<ComparedRun> runs;
  std::string words;
  for (const std::string& word : arguments.positional) {
    words += " " + word;
    for (const std::string& folder : runs_in(word)) {
      const bool is_new = std::ranges::none_of(
          runs, [&](const ComparedRun& run) { return is_same_folder(run.name, folder); });
      if (is_new) runs.push_back(read_run(folder));
    }
  }
  rank_runs(runs);
  std::vector<std::string> remarks;
  const auto unfinished = std::ranges::count(runs, false, &ComparedRun::has_model);
  if (unfinished > 0) {
    remarks.push_back(fmt::format("{} of the {} runs have not finished.", unfinished, runs.size()));
  }
  write_text_atomically(
      output, comparison_page(runs, remarks,
                              fmt::format("hourglass compare{} --output {}", words, output)));
  print_runs(runs);
  fmt::print("{}: HTML page of {} runs; open it in a browser\n", output, runs.size());
}

}  // namespace

Command compare_command() {
  return {"compare",
          "Compare runs in a self-contained HTML page: settings that differ, results, curves",
          "hourglass compare run1/ run2/ sweep/ --output compare.html",
          "A folder of runs, such as that of a sweep, stands for all of them. Runs in progress are "
          "shown up to their last epoch. The page needs no network and no other file.\n",
          {{"output", "output", "HTML file to write", "compare.html", false},
           {"help", "output", "Show this text", "", true}},
          1000,
          false,
          run_compare};
}

}  // namespace hourglass
