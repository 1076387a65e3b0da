#include <fmt/format.h>

#include <filesystem>

#include "cli/command.hpp"
#include "cli/model_arguments.hpp"
#include "cli/reading_options.hpp"
#include "cli/report_scaling.hpp"
#include "cli/run_findings.hpp"
#include "hourglass/core/error.hpp"
#include "math/blas.hpp"
#include "system/atomic_file.hpp"

namespace hourglass {
namespace {

constexpr Index standard_samples = 1000;
// t-SNE holds a few numbers for each pair of samples.
constexpr Index most_samples = 5000;

// A page may be made again; anything else that has its name is not ours to replace.
void require_page_or_nothing(const std::string& path) {
  require_new_or_own(path, "<!DOCTYPE html>", "report", "--output");
}

void run_report_of_run(const Arguments& arguments, const std::string& folder) {
  use_single_threaded_blas();
  const Index samples = arguments.integer("samples", standard_samples, 1);
  if (samples > most_samples) {
    throw Error(ErrorKind::usage, fmt::format("--samples is {}, but a report shows at most {}",
                                              samples, most_samples));
  }
  const std::string output = arguments.get("output", "report.html");
  require_page_or_nothing(output);
  OpenedRun run = open_run(folder);
  ReadOptions reading = reading_from(arguments, run.model ? run.model->config : TrainConfig());
  if (run.model && arguments.has("data")) {
    read_target(arguments, *run.model, reading);
  } else if (arguments.has("target")) {
    throw Error(ErrorKind::usage, "--target needs --data, the samples that it is the target of");
  }
  add_study(run, arguments.get("data"), arguments.get("labels"), samples, reading,
            read_scale(arguments));
  run.findings.reproduced_by = fmt::format("hourglass report {} --output {}", folder, output);
  write_text_atomically(output, run_report(run.findings));
  fmt::print("{}: HTML report, {}; open it in a browser\n", output, state_of_run(run.findings));
  for (const std::string& remark : run.findings.remarks) fmt::print("{}\n", remark);
}

void run_report_command(const Arguments& arguments) {
  if (arguments.positional.empty())
    throw Error(ErrorKind::usage, "name a run folder: hourglass report run/ --output report.html");
  const std::vector<std::string>& words = arguments.positional;
  if (words.front() == "scaling" && !std::filesystem::exists("scaling/config.cfg")) {
    const std::string output = arguments.get("output", "scaling.html");
    require_page_or_nothing(output);
    report_scaling({words.begin() + 1, words.end()}, output);
    return;
  }
  if (words.size() > 1)
    throw Error(ErrorKind::usage,
                fmt::format("unexpected '{}': a report describes one run folder", words[1]));
  run_report_of_run(arguments, words.front());
}

}  // namespace

Command report_command() {
  return {
      "report",
      "Write a self-contained HTML report of a training run or of scaling studies",
      "hourglass report run/ --output report.html\n"
      "       hourglass report scaling results.jsonl... --output scaling.html",
      "The report needs no network and no other file. A run in progress is shown up to its latest "
      "checkpoint.\n",
      with_reading_options({{"output", "output", "HTML file to write", "report.html", false},
                            {"data", "input", "Samples to show: FILE.h5:/path",
                             "the run's validation or training data", false},
                            scale_option(),
                            target_option(),
                            {"labels", "input", "Labels for the colours: FILE.h5:/path",
                             "labels beside the samples", false},
                            {"samples", "input", "Number of samples to show",
                             std::to_string(standard_samples), false},
                            {"help", "output", "Show this text", "", true}},
                           3),
      1000,
      false,
      run_report_command};
}

}  // namespace hourglass
