#include <fmt/format.h>

#include <algorithm>

#include "cli/command.hpp"
#include "cli/run_findings.hpp"
#include "core/number_text.hpp"
#include "hourglass/core/error.hpp"
#include "report/text_chart.hpp"
#include "report/training_figures.hpp"

namespace hourglass {
namespace {

void print_epochs(const std::vector<MetricsRecord>& epochs) {
  constexpr std::size_t shown = 5;
  fmt::print("{:>7} {:>9} {:>12} {:>12} {:>14} {:>12}\n", "epoch", "step", "sse", "validation",
             "learning rate", "samples/s");
  for (std::size_t i = epochs.size() > shown ? epochs.size() - shown : 0; i < epochs.size(); ++i) {
    const MetricsRecord& r = epochs[i];
    fmt::print("{:>7} {:>9} {:>12} {:>12} {:>14.3g} {:>12.0f}\n", r.epoch, r.step,
               decimal_text(r.sse, 4), r.validation_sse ? decimal_text(*r.validation_sse, 4) : "-",
               r.learning_rate, r.samples_per_second);
  }
}

void run_show(const Arguments& arguments) {
  if (arguments.positional.empty())
    throw Error(ErrorKind::usage, "name a run folder: hourglass show run/");
  const std::string& folder = arguments.positional.front();
  const OpenedRun run = open_run(folder);
  fmt::print("{}: {}\n", folder, state_of_run(run.findings));
  if (run.model) {
    fmt::print("{} features to a code of {}; {} parameters; weights digest {}\n",
               run.model->network->features(), run.model->network->code_size(),
               run.model->network->layout().parameter_count(), run.model->file.weights_digest);
    if (run.model->identity) {
      for (const std::string& line : lines_of(*run.model->identity)) fmt::print("{}\n", line);
    }
  }
  const auto epochs = records_of(run.findings.metrics, "epoch");
  if (!epochs.empty()) {
    fmt::print("\n{}\n", text_chart(error_chart(epochs)));
    print_epochs(epochs);
  }
  for (const std::string& remark : run.findings.remarks) fmt::print("{}\n", remark);
  fmt::print("\nnext: hourglass report {} --output report.html\n", folder);
}

}  // namespace

Command show_command() {
  return {"show",
          "Show a training run in the terminal: state, learning curve, last epochs",
          "hourglass show run/",
          "",
          {{"help", "output", "Show this text", "", true}},
          1,
          false,
          run_show};
}

}  // namespace hourglass
