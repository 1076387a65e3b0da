#include "hourglass/train/run_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace fs = std::filesystem;

std::string RunFolder::checkpoint_path(Index step) const { return fmt::format("{}/checkpoints/step-{:08}.h5", path_, step); }

void RunFolder::create() {
  for (const std::string& file : {config_path(), metrics_path(), model_path(), path_ + "/checkpoints"}) {
    if (fs::exists(file)) {
      throw Error(
          ErrorKind::usage,
          fmt::format("{} already holds a run: continue it with --resume {}, or choose another --output", path_, path_));
    }
  }
  std::error_code error;
  fs::create_directories(path_ + "/checkpoints", error);
  if (error) throw Error(ErrorKind::io, fmt::format("cannot create {}/checkpoints: {}", path_, error.message()));
  lock();
}

void RunFolder::open() {
  if (fs::is_regular_file(path_)) {
    const fs::path folder = fs::path(path_).parent_path();
    throw Error(ErrorKind::usage, fmt::format("cannot resume {}: it is a file; name the run's folder{}", path_,
                                              fs::exists(folder / "config.cfg") ? ": --resume " + folder.string() : ""));
  }
  if (!fs::is_directory(path_)) throw Error(ErrorKind::io, fmt::format("cannot resume {}: no such folder", path_));
  if (!fs::exists(config_path())) {
    throw Error(ErrorKind::io, fmt::format("cannot resume {}: it holds no run (config.cfg is missing)", path_));
  }
  lock();
}

void RunFolder::set_aside_newer_than(const std::string& checkpoint) const {
  std::error_code ignored;
  for (const std::string& newer : checkpoints()) {
    if (newer == checkpoint) break;
    fs::rename(newer, newer + ".damaged", ignored);
  }
}

void RunFolder::lock() {
  lock_ = std::make_unique<RunLock>(lock_path());
  remove_temporaries();
}

void RunFolder::remove_temporaries() const {
  std::error_code ignored;  // what cannot be deleted does no harm
  for (const std::string& folder : {path_, path_ + "/checkpoints"}) {
    std::vector<fs::path> leftovers;
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with(".") && name.find(".tmp.") != std::string::npos) leftovers.push_back(entry.path());
    }
    for (const auto& path : leftovers) fs::remove(path, ignored);
  }
}

std::vector<std::string> RunFolder::checkpoints() const {
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path_ + "/checkpoints", error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("step-") && name.ends_with(".h5")) found.push_back(entry.path().string());
  }
  // Step numbers may outgrow their eight digits: longer names are newer.
  std::sort(found.begin(), found.end(),
            [](const std::string& a, const std::string& b) { return a.size() != b.size() ? a.size() > b.size() : a > b; });
  return found;
}

std::optional<StateFile> RunFolder::newest_valid(std::vector<std::string>& skipped) const {
  const auto all = checkpoints();
  for (const std::string& path : all) {
    try {
      return read_state_file(path);
    } catch (const Error& error) {
      skipped.emplace_back(error.what());
    }
  }
  if (all.empty()) return {};
  throw Error(ErrorKind::data, fmt::format("cannot resume {}: none of its {} checkpoints is valid; the newest: {}", path_,
                                           all.size(), skipped.front()));
}

void RunFolder::prune(Index keep) const {
  std::error_code ignored;  // a checkpoint that cannot be deleted does no harm
  const auto all = checkpoints();
  for (std::size_t i = static_cast<std::size_t>(keep); i < all.size(); ++i) fs::remove(all[i], ignored);
}

}  // namespace hourglass
