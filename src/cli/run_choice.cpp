#include "cli/run_choice.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "config/settings.hpp"
#include "hourglass/core/error.hpp"
#include "run/metrics_reader.hpp"
#include "run/run_folder.hpp"

namespace hourglass {

namespace fs = std::filesystem;

namespace {

bool is_run(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / "config.cfg", ignored);
}

std::string without_slash(std::string folder) {
  while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  return folder;
}

}  // namespace

std::vector<std::string> runs_in(const std::string& word) {
  const std::string folder = without_slash(word);
  if (is_run(folder)) return {folder};
  std::set<std::string> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (is_run(entry.path())) found.insert(entry.path().string());
  }
  if (found.empty()) {
    throw Error(ErrorKind::io, fmt::format("{} holds no run, nor do the folders in it; name the "
                                           "folder given to train or sweep --output",
                                           word));
  }
  return {found.begin(), found.end()};
}

TrainConfig read_settings(const std::string& folder) {
  const std::string path = RunFolder(folder).config_path();
  std::ifstream stream(path);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream) throw Error(ErrorKind::io, fmt::format("{} cannot be read", path));
  TrainConfig config;
  apply_text(text, path, config);
  return config;
}

ComparedRun read_run(const std::string& folder) {
  const RunFolder paths(folder);
  ComparedRun run;
  run.name = folder;
  run.config = read_settings(folder);
  if (fs::exists(paths.metrics_path())) run.metrics = read_metrics(paths.metrics_path());
  run.has_model = fs::exists(paths.model_path());
  return run;
}

}  // namespace hourglass
