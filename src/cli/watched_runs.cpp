#include "cli/watched_runs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/run_choice.hpp"
#include "hourglass/core/error.hpp"
#include "run/run_folder.hpp"

namespace hourglass {

namespace {

namespace fs = std::filesystem;

// Curves by step are shown of one run only; a sweep has a thousand.
constexpr Index most_steps = 4000;

std::string state_text(RunActivity::State activity, const ComparedRun& run) {
  switch (activity) {
    case RunActivity::State::running:
      return "running";
    case RunActivity::State::killed:
      return "killed";
    case RunActivity::State::idle:
      break;
  }
  if (run.has_model) return "finished";
  return run.metrics.empty() ? "not started" : "stopped";
}

}  // namespace

WatchedRuns::WatchedRuns(std::vector<std::string> words) : words_(std::move(words)) {
  is_one_run_ = words_.size() == 1 && fs::exists(RunFolder(words_.front()).config_path());
  for (const std::string& word : words_) {
    // An error of what is named is the user's to know; later, a folder may be half written.
    for (const std::string& folder : runs_in(word)) static_cast<void>(read_settings(folder));
  }
  advance();
}

bool WatchedRuns::advance() {
  bool changed = find_new_runs();
  for (ComparedRun& run : runs_) changed = advance(run, sources_.at(run.name)) || changed;
  if (changed) rank_runs(runs_);
  return changed;
}

bool WatchedRuns::find_new_runs() {
  const std::size_t before = runs_.size();
  for (const std::string& word : words_) {
    std::vector<std::string> folders;
    try {
      folders = runs_in(word);
    } catch (const Error&) {
      continue;  // it was there at the start
    }
    for (const std::string& folder : folders) {
      if (sources_.contains(folder)) continue;
      const bool is_known = std::ranges::any_of(
          runs_, [&](const ComparedRun& run) { return is_same_folder(run.name, folder); });
      if (is_known) continue;
      const RunFolder paths(folder);
      sources_.emplace(
          folder, Source{MetricsFollower(paths.metrics_path(), is_one_run_ ? most_steps : 0),
                         RunActivity(paths.lock_path()), fs::file_time_type::min(), std::string()});
      ComparedRun run;
      run.name = folder;
      if (!is_one_run_) run.page = fmt::format("run-{}/", runs_.size() + 1);
      runs_.push_back(std::move(run));
    }
  }
  return runs_.size() != before;
}

bool WatchedRuns::advance(ComparedRun& run, Source& source) {
  const RunFolder paths(run.name);
  bool changed = false;
  std::error_code error;
  // A resumed run may have other settings.
  const auto configured = fs::last_write_time(paths.config_path(), error);
  if (!error && configured != source.configured) {
    source.configured = configured;
    source.problem.clear();
    changed = true;
    try {
      run.config = read_settings(run.name);
    } catch (const Error& problem) {
      source.problem = problem.what();
    }
  }
  if (source.metrics.advance()) {
    run.metrics = source.metrics.records();
    changed = true;
  }
  run.has_model = fs::exists(paths.model_path(), error);
  std::string state = state_text(source.activity.look(), run);
  if (state != run.state) {
    run.state = std::move(state);
    changed = true;
  }
  return changed;
}

std::vector<std::string> WatchedRuns::remarks() const {
  std::vector<std::string> remarks;
  if (runs_.size() > 1) {
    const auto running = std::ranges::count(runs_, "running", &ComparedRun::state);
    remarks.push_back(fmt::format("{} of the {} runs {} running.", running, runs_.size(),
                                  running == 1 ? "is" : "are"));
  }
  for (const ComparedRun& run : runs_) {
    const Source& source = sources_.at(run.name);
    for (const std::string& problem : {source.problem, source.metrics.problem()}) {
      if (!problem.empty()) remarks.push_back(problem);
    }
  }
  return remarks;
}

}  // namespace hourglass
