#include "run/run_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <utility>

#include "config/settings.hpp"
#include "core/edit_distance.hpp"
#include "hourglass/core/error.hpp"
#include "system/atomic_file.hpp"
#include "system/byte_file.hpp"

namespace hourglass {

namespace fs = std::filesystem;

bool is_same_folder(const std::string& one, const std::string& other) {
  const auto whole = [](const std::string& name) {
    return (fs::absolute(name) / "").lexically_normal();
  };
  return whole(one) == whole(other);
}

std::string RunFolder::checkpoint_path(Index step) const {
  return fmt::format("{}/checkpoints/step-{:08}.h5", path_, step);
}

std::string RunFolder::kept_path(Index step) const {
  return fmt::format("{}/checkpoints/kept-{:08}.h5", path_, step);
}

void RunFolder::create() {
  for (const std::string& file :
       {config_path(), metrics_path(), model_path(), path_ + "/checkpoints"}) {
    if (fs::exists(file)) {
      throw Error(
          ErrorKind::usage,
          fmt::format(
              "{} already holds a run: continue it with --resume {}, or choose another --output",
              path_, path_));
    }
  }
  make_folders();
  lock();
}

void RunFolder::make_folders() const {
  std::error_code error;
  fs::create_directories(path_ + "/checkpoints", error);
  if (error)
    throw Error(ErrorKind::io,
                fmt::format("cannot create {}/checkpoints: {}", path_, error.message()));
}

namespace {

// The run that a file or folder in it is part of, as ": --resume run", or "".
std::string enclosing_run(const fs::path& path) {
  for (fs::path folder = path.parent_path();; folder = folder.parent_path()) {
    if (fs::exists(folder / "config.cfg"))
      return ": --resume " + (folder.empty() ? "." : folder.string());
    if (folder.empty() || folder.filename() != "checkpoints") return {};
  }
}

std::string similarly_named_run(const fs::path& path) {
  std::vector<std::string> runs;
  std::error_code ignored;
  const fs::path folder = path.parent_path();
  for (const auto& entry : fs::directory_iterator(folder.empty() ? "." : folder, ignored)) {
    if (fs::exists(entry.path() / "config.cfg", ignored))
      runs.push_back((folder / entry.path().filename()).string());
  }
  return suggestion(path.string(), runs);
}

}  // namespace

void RunFolder::open() {
  if (fs::is_regular_file(path_)) {
    throw Error(ErrorKind::usage,
                fmt::format("cannot resume {}: it is a file; name the run's folder{}", path_,
                            enclosing_run(path_)));
  }
  if (!fs::is_directory(path_)) {
    throw Error(ErrorKind::io, fmt::format("cannot resume {}: no such folder{}", path_,
                                           similarly_named_run(path_)));
  }
  if (!fs::exists(config_path()) && checkpoints().empty()) {
    throw Error(ErrorKind::io,
                fmt::format("cannot resume {}: it holds no run (config.cfg is missing){}", path_,
                            enclosing_run(path_)));
  }
  lock();
  make_folders();
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
      if (name.starts_with(".") && name.find(".tmp.") != std::string::npos)
        leftovers.push_back(entry.path());
    }
    for (const auto& path : leftovers) fs::remove(path, ignored);
  }
}

std::vector<std::string> RunFolder::checkpoints() const {
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path_ + "/checkpoints", error)) {
    const std::string name = entry.path().filename().string();
    if ((name.starts_with("step-") || name.starts_with("kept-")) && name.ends_with(".h5"))
      found.push_back(entry.path().string());
  }
  // Step numbers may outgrow their eight digits: longer names are newer. Both kinds of names are as
  // long; the number decides first.
  std::sort(found.begin(), found.end(), [](const std::string& a, const std::string& b) {
    if (a.size() != b.size()) return a.size() > b.size();
    const auto number = [](const std::string& path) {
      return std::string_view(path).substr(path.rfind('-'));
    };
    return number(a) != number(b) ? number(a) > number(b) : a > b;
  });
  return found;
}

namespace {

// The settings of a run as config.cfg has them.
struct Description {
  std::string text;
  TrainConfig config;
};

std::ptrdiff_t count_settings(const std::string& text) {
  std::istringstream stream(text);
  std::ptrdiff_t count = 0;
  for (std::string line; std::getline(stream, line);)
    count += line.find('=') != std::string::npos ? 1 : 0;
  return count;
}

void check_is_checkpoint(const StateFile& file) {
  const auto step = file.header.position.find("step");
  if (step == file.header.position.end()) {
    throw Error(ErrorKind::data,
                fmt::format("{} is not a checkpoint: it has no position", file.path));
  }
  const RunFolder names("");
  const fs::path name = fs::path(file.path).filename();
  if (name != fs::path(names.checkpoint_path(step->second)).filename() &&
      name != fs::path(names.kept_path(step->second)).filename()) {
    throw Error(ErrorKind::data, fmt::format("{} holds step {}, which does not match its name",
                                             file.path, step->second));
  }
}

void check_same_settings(const TrainConfig& run, const StateFile& file) {
  TrainConfig stored;
  apply_text(file.header.configuration, file.path, stored);
  if (const Setting* setting = first_difference(stored, run)) {
    throw Error(ErrorKind::data,
                fmt::format("{} is of another run: its {} is '{}', and config.cfg says '{}' (if "
                            "that was edited, undo it or "
                            "delete config.cfg: checkpoints hold all settings)",
                            file.path, setting->name, setting->get(stored), setting->get(run)));
  }
}

}  // namespace

std::optional<FoundCheckpoint> RunFolder::newest_valid(std::vector<std::string>& notes) const {
  const auto all = checkpoints();
  if (all.empty()) return {};
  std::optional<Description> run;
  const auto ignore_configuration = [&](const std::string& reason) {
    notes.push_back(fmt::format("ignoring {}: {}; using the settings of the checkpoint",
                                config_path(), reason));
    run.reset();
  };
  try {
    run.emplace();
    run->text = read_text(config_path());
    apply_text(run->text, config_path(), run->config);
  } catch (const Error& error) {
    ignore_configuration(error.what());
  }
  std::string newest;
  for (const std::string& path : all) {
    try {
      StateFile file = read_state_file(path);
      check_is_checkpoint(file);
      if (run && count_settings(run->text) < count_settings(file.header.configuration))
        ignore_configuration("it is incomplete");
      if (run) check_same_settings(run->config, file);
      FoundCheckpoint found{std::move(file), {}, path};
      found.configuration = run ? run->text : found.state.header.configuration;
      if (run) found.origin = config_path();
      return found;
    } catch (const Error& error) {
      if (newest.empty()) newest = error.what();
      notes.push_back(fmt::format("ignoring a checkpoint: {}", error.what()));
    }
  }
  throw Error(ErrorKind::data,
              fmt::format("cannot resume {}: none of its {} checkpoints is valid; the newest: {}",
                          path_, all.size(), newest));
}

void RunFolder::keep(Index step) const {
  const std::string from = checkpoint_path(step);
  const std::string to = kept_path(step);
  const std::string temporary = fmt::format("{}/checkpoints/.kept-{:08}.h5.tmp.link", path_, step);
  std::error_code ignored;
  std::error_code error;
  fs::remove(temporary, ignored);
  fs::create_hard_link(from, temporary, error);
  if (!error) fs::rename(temporary, to, error);
  fs::remove(temporary, ignored);  // a rename to another name of the same file does nothing
  if (error) copy_atomically(from, to);
}

void RunFolder::prune(Index keep) const {
  std::error_code ignored;  // a checkpoint that cannot be deleted does no harm
  auto all = checkpoints();
  std::erase_if(all, [](const std::string& path) {
    return fs::path(path).filename().string().starts_with("kept-");
  });
  for (std::size_t i = static_cast<std::size_t>(keep); i < all.size(); ++i)
    fs::remove(all[i], ignored);
}

}  // namespace hourglass
