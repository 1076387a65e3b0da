#include "run/sweep_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "config/settings.hpp"
#include "core/text_list.hpp"
#include "hourglass/core/error.hpp"
#include "system/atomic_file.hpp"

namespace hourglass {

namespace {

using Json = nlohmann::ordered_json;

std::optional<double> number(const Json& record, const char* key) {
  const auto found = record.find(key);
  if (found == record.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

// Whether the model of a run is that of its best epoch rather than of its last.
bool keeps_best(const std::string& folder) {
  std::ifstream stream(folder + "/config.cfg");
  for (std::string line; std::getline(stream, line);) {
    if (line == "keep-best = true") return true;
  }
  return false;
}

// The figures of the last epoch until `until`, or of the best one where the run keeps that. The
// errors of pretrained layers are not those of the network.
void read_metrics(const std::string& folder, TrialRow& row,
                  Index until = std::numeric_limits<Index>::max()) {
  const bool best = keeps_best(folder);
  std::ifstream stream(folder + "/metrics.jsonl");
  for (std::string line; std::getline(stream, line);) {
    const Json record = Json::parse(line, nullptr, false);
    if (!record.is_object() || record.value("kind", "") != "epoch") continue;
    ++row.passes;
    if (record.contains("layer") && !record["layer"].is_null()) continue;
    const Index epoch = record.value("epoch", Index{0});
    if (epoch > until) return;
    row.epochs = epoch;
    const auto validation = number(record, "validation_sse");
    if (best && row.validation_sse && validation && *validation >= *row.validation_sse) continue;
    row.loss = number(record, "loss");
    row.sse = number(record, "sse");
    row.validation_sse = validation;
    row.model_epoch = epoch;
  }
}

double sort_key(const TrialRow& row, const std::string& column) {
  constexpr double last = std::numeric_limits<double>::infinity();
  if (column == "trial") return static_cast<double>(row.trial);
  if (row.outcome.status != "done" && row.outcome.status != "paused") return last;
  if (column == "seconds") return row.outcome.seconds;
  if (column == "loss") return row.loss.value_or(last);
  if (column == "sse" || !row.validation_sse) return row.sse.value_or(last);
  return *row.validation_sse;
}

// Errors after different numbers of epochs cannot be compared: in these columns the rung decides
// first. The last one comes first, what has no figure last.
Index rung_key(const TrialRow& row, const std::string& column) {
  if (column == "trial" || column == "seconds" || row.outcome.rungs.empty()) return 0;
  return std::isfinite(sort_key(row, column)) ? -row.outcome.rungs.back().epochs : 0;
}

std::string text(const std::optional<double>& value) {
  return value ? fmt::format("{:.6g}", *value) : "-";
}

Json node(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

Json node(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json node(const std::vector<RungResult>& rungs) {
  Json json = Json::array();
  for (const RungResult& rung : rungs)
    json.push_back({{"epochs", rung.epochs}, {"validation_sse", node(rung.error)}});
  return json;
}

// The result is without what is malformed: a rung that is lost is trained to again.
std::vector<RungResult> rungs_of(const Json& json) {
  std::vector<RungResult> rungs;
  if (!json.is_array()) return rungs;
  for (const Json& item : json) {
    const auto epochs = item.is_object() ? number(item, "epochs") : std::nullopt;
    if (!epochs || !item.contains("validation_sse")) break;
    rungs.push_back(
        {static_cast<Index>(*epochs),
         number(item, "validation_sse").value_or(std::numeric_limits<double>::quiet_NaN())});
  }
  return rungs;
}

}  // namespace

TrialFiles trial_files(const std::string& output, Index trial) {
  const std::string name = fmt::format("trial-{:04}", trial + 1);
  return {output + "/" + name, output + "/" + name + ".log", output + "/" + name + ".json",
          output + "/." + name + ".lock"};
}

std::optional<TrialOutcome> read_outcome(const TrialFiles& files) {
  std::ifstream stream(files.outcome);
  if (!stream) return std::nullopt;
  const Json json = Json::parse(stream, nullptr, false);
  if (!json.is_object() || !json.contains("status") || !json["status"].is_string())
    return std::nullopt;
  TrialOutcome outcome;
  outcome.status = json["status"].get<std::string>();
  outcome.code = static_cast<int>(number(json, "exit_code").value_or(0));
  outcome.seconds = number(json, "seconds").value_or(0);
  if (json.contains("message") && json["message"].is_string())
    outcome.message = json["message"].get<std::string>();
  if (json.contains("rungs")) outcome.rungs = rungs_of(json["rungs"]);
  outcome.goal = static_cast<Index>(number(json, "goal").value_or(0));
  return outcome;
}

void write_outcome(const TrialFiles& files, const TrialOutcome& outcome) {
  Json json = {{"status", outcome.status},
               {"exit_code", outcome.code},
               {"seconds", outcome.seconds},
               {"message", outcome.message}};
  if (!outcome.rungs.empty()) json["rungs"] = node(outcome.rungs);
  if (outcome.goal > 0) json["goal"] = outcome.goal;
  write_text_atomically(files.outcome,
                        json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

std::optional<double> error_at_rung(const std::string& folder, Index epochs) {
  TrialRow row;
  read_metrics(folder, row, epochs);
  const bool ended = std::filesystem::exists(folder + "/model.h5");
  if (row.epochs.value_or(0) < epochs && !ended) return std::nullopt;
  return row.validation_sse.value_or(std::numeric_limits<double>::quiet_NaN());
}

const std::vector<std::string>& sort_columns() {
  static const std::vector<std::string> columns = {"validation_sse", "sse", "loss", "seconds",
                                                   "trial"};
  return columns;
}

std::vector<TrialRow> read_rows(const SweepPlan& plan, const std::string& output,
                                const std::string& sort) {
  std::vector<TrialRow> rows;
  for (Index trial = 0; trial < plan.trials(); ++trial) {
    TrialRow row;
    row.trial = trial;
    row.values = plan.values(trial);
    const TrialFiles files = trial_files(output, trial);
    row.outcome.status = std::filesystem::exists(files.folder) ? "running" : "waiting";
    if (auto outcome = read_outcome(files)) row.outcome = std::move(*outcome);
    read_metrics(files.folder, row);
    rows.push_back(std::move(row));
  }
  std::ranges::stable_sort(rows, {}, [&](const TrialRow& row) {
    return std::pair(rung_key(row, sort), sort_key(row, sort));
  });
  return rows;
}

std::string format_rows(const SweepPlan& plan, const std::vector<TrialRow>& rows) {
  std::vector<std::vector<std::string>> cells(1, {"trial"});
  for (const SweepAxis& axis : plan.axes) cells[0].push_back(axis.name);
  cells[0].emplace_back("status");
  if (plan.halving) cells[0].emplace_back("rung");
  for (const char* name : {"epochs", "loss", "sse", "validation_sse", "seconds"})
    cells[0].emplace_back(name);
  for (const TrialRow& row : rows) {
    std::vector<std::string> line = {fmt::format("{:04}", row.trial + 1)};
    line.insert(line.end(), row.values.begin(), row.values.end());
    line.push_back(row.outcome.status);
    const auto& rungs = row.outcome.rungs;
    if (plan.halving) line.push_back(rungs.empty() ? "-" : fmt::format("{}", rungs.back().epochs));
    line.insert(line.end(),
                {row.epochs ? fmt::format("{}", *row.epochs) : "-", text(row.loss), text(row.sse),
                 text(row.validation_sse), fmt::format("{:.1f}", row.outcome.seconds)});
    cells.push_back(std::move(line));
  }
  std::vector<std::size_t> widths(cells[0].size());
  for (const auto& line : cells) {
    for (std::size_t c = 0; c < line.size(); ++c) widths[c] = std::max(widths[c], line[c].size());
  }
  std::string result;
  for (const auto& line : cells) {
    for (std::size_t c = 0; c + 1 < line.size(); ++c)
      result += fmt::format("{:<{}}  ", line[c], widths[c]);
    result += line.back() + "\n";
  }
  return result;
}

void write_rows(const SweepPlan& plan, const std::vector<TrialRow>& rows,
                const std::string& output) {
  std::string csv = "trial";
  for (const SweepAxis& axis : plan.axes) csv += "," + csv_field(axis.name);
  csv += fmt::format(",status,exit_code{},epochs,loss,sse,validation_sse,seconds,message\n",
                     plan.halving ? ",rung" : "");
  Json json = Json::array();
  const auto figure = [](const std::optional<double>& value) {
    return value ? fmt::format("{}", *value) : "";
  };
  for (const TrialRow& row : rows) {
    csv += fmt::format("{}", row.trial + 1);
    Json settings = Json::object();
    for (std::size_t a = 0; a < plan.axes.size(); ++a) {
      csv += "," + csv_field(row.values[a]);
      settings[plan.axes[a].name] = row.values[a];
    }
    const std::string epochs = row.epochs ? fmt::format("{}", *row.epochs) : "";
    const auto& rungs = row.outcome.rungs;
    const std::string rung = rungs.empty() ? "" : fmt::format("{}", rungs.back().epochs);
    csv += fmt::format(",{},{}{},{},{},{},{},{:.3f},{}\n", row.outcome.status, row.outcome.code,
                       plan.halving ? "," + rung : "", epochs, figure(row.loss), figure(row.sse),
                       figure(row.validation_sse), row.outcome.seconds,
                       csv_field(row.outcome.message));
    json.push_back({{"trial", row.trial + 1},
                    {"folder", trial_files(output, row.trial).folder},
                    {"settings", std::move(settings)},
                    {"status", row.outcome.status},
                    {"exit_code", row.outcome.code},
                    {"epochs", row.epochs ? Json(*row.epochs) : Json(nullptr)},
                    {"loss", node(row.loss)},
                    {"sse", node(row.sse)},
                    {"validation_sse", node(row.validation_sse)},
                    {"seconds", row.outcome.seconds},
                    {"message", row.outcome.message}});
    if (plan.halving) json.back()["rungs"] = node(rungs);
  }
  write_text_atomically(output + "/results.csv", csv);
  write_text_atomically(output + "/results.json",
                        json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace hourglass
