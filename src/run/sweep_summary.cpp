#include "run/sweep_summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/counted.hpp"
#include "hourglass/core/error.hpp"
#include "system/atomic_file.hpp"

namespace hourglass {

namespace {

using Json = nlohmann::ordered_json;

bool has_model(const TrialRow& row, const std::string& output) {
  return row.outcome.status == "done" &&
         std::filesystem::exists(trial_files(output, row.trial).folder + "/model.h5");
}

Contender contender_of(const TrialFiles& files) {
  Contender contender;
  const auto outcome = read_outcome(files);
  if (!outcome) return contender;
  for (const RungResult& rung : outcome->rungs) contender.errors.push_back(rung.error);
  contender.begun = static_cast<Index>(contender.errors.size()) + (outcome->goal > 0 ? 1 : 0);
  contender.refused = outcome->status == "refused" && contender.errors.empty();
  contender.lost = outcome->status == "diverged" || outcome->status == "refused";
  // A trial whose folder is gone is not done, whatever was written down.
  const bool done = outcome->status == "done";
  if (done && !contender.errors.empty() && !std::filesystem::exists(files.folder + "/model.h5"))
    contender.errors.pop_back();
  return contender;
}

// What the trial would have cost in a grid: its pretraining and all epochs, unless it ended before.
Index passes_in_grid(const SweepPlan& plan, const TrialRow& row) {
  const std::string& status = row.outcome.status;
  if (status == "done" || status == "diverged" || status == "refused") return row.passes;
  return row.passes - row.epochs.value_or(0) + plan.halving->rungs.back();
}

}  // namespace

std::vector<Contender> contenders_of(const SweepPlan& plan, const std::string& output) {
  std::vector<Contender> all;
  for (Index trial = 0; trial < plan.trials(); ++trial)
    all.push_back(contender_of(trial_files(output, trial)));
  return all;
}

std::optional<TrialRow> winner_of(const SweepPlan& plan, const std::string& output) {
  // Sorted by error, whatever the order of the table is.
  const auto rows = read_rows(plan, output, "validation_sse");
  const auto found =
      std::ranges::find_if(rows, [&](const TrialRow& row) { return has_model(row, output); });
  if (found == rows.end()) return std::nullopt;
  return *found;
}

SweepSummary summarize(const SweepPlan& plan, const std::vector<TrialRow>& rows,
                       const std::string& output) {
  require(plan.halving.has_value(), "a summary of a sweep without halving");
  SweepSummary summary;
  for (const Index epochs : plan.halving->rungs) summary.rungs.push_back({epochs, 0});
  for (const TrialRow& row : rows) {
    const std::size_t reached = std::min(row.outcome.rungs.size(), summary.rungs.size());
    for (std::size_t rung = 0; rung < reached; ++rung) ++summary.rungs[rung].trials;
    summary.passes += row.passes;
    summary.grid_passes += passes_in_grid(plan, row);
    if (row.outcome.status == "diverged") ++summary.lost;
  }
  summary.finished = halving_jobs(*plan.halving, contenders_of(plan, output)).empty();
  summary.winner = winner_of(plan, output);
  return summary;
}

std::string format_summary(const SweepSummary& summary) {
  std::string text;
  for (const SweepSummary::Rung& rung : summary.rungs)
    text +=
        fmt::format("rung {}: {}\n", counted(rung.epochs, "epoch"), counted(rung.trials, "trial"));
  if (summary.lost > 0)
    text += fmt::format("{} diverged and lost\n", counted(summary.lost, "trial"));
  const double share = summary.grid_passes > 0 ? 100 * static_cast<double>(summary.passes) /
                                                     static_cast<double>(summary.grid_passes)
                                               : 100;
  text += fmt::format("{} passes over the data, {:.1f} % of the {} of all trials in full\n",
                      summary.passes, share, summary.grid_passes);
  return text;
}

std::string settings_text(const SweepPlan& plan, Index trial) {
  const auto values = plan.values(trial);
  std::string text;
  for (std::size_t a = 0; a < values.size(); ++a)
    text += fmt::format("{}{}={}", a > 0 ? " " : "", plan.axes[a].name, values[a]);
  return text;
}

void write_summary(const SweepPlan& plan, const SweepSummary& summary, const std::string& output) {
  Json json = {{"rule", name_of(plan.halving->rule)}, {"eta", plan.halving->eta}};
  json["rungs"] = Json::array();
  for (const SweepSummary::Rung& rung : summary.rungs)
    json["rungs"].push_back({{"epochs", rung.epochs}, {"trials", rung.trials}});
  json["diverged"] = summary.lost;
  json["passes"] = summary.passes;
  json["grid_passes"] = summary.grid_passes;
  json["finished"] = summary.finished;
  json["winner"] = nullptr;
  if (const auto& winner = summary.winner) {
    Json settings = Json::object();
    for (std::size_t a = 0; a < plan.axes.size(); ++a)
      settings[plan.axes[a].name] = winner->values[a];
    const std::string folder = trial_files(output, winner->trial).folder;
    json["winner"] = {
        {"trial", winner->trial + 1},
        {"settings", std::move(settings)},
        {"validation_sse", winner->validation_sse ? Json(*winner->validation_sse) : Json(nullptr)},
        {"folder", folder},
        {"model", folder + "/model.h5"}};
  }
  write_text_atomically(output + "/summary.json",
                        json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace hourglass
