#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/state_file.hpp"
#include "config/config.hpp"
#include "hourglass/core/types.hpp"
#include "system/run_lock.hpp"

namespace hourglass {

/// Whether two names mean one folder, relative or not, with or without a slash at the end; it need
/// not exist.
[[nodiscard]] bool is_same_folder(const std::string& one, const std::string& other);

/// A checkpoint to resume from, with the settings of the run.
struct FoundCheckpoint {
  StateFile state;
  std::string configuration;  ///< config.cfg's, whose free settings may be newer than the
                              ///< checkpoint's, or the checkpoint's
  std::string origin;         ///< the file that these are of
};

/// The files of a run: config.cfg, metrics.jsonl, metrics.csv, checkpoints/step-NNNNNNNN.h5 and
/// kept-NNNNNNNN.h5, model.h5, and .lock while it is being written to. Used on rank 0 only.
class RunFolder {
 public:
  explicit RunFolder(std::string path) : path_(std::move(path)) {
    while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
  }

  [[nodiscard]] std::string config_path() const { return path_ + "/config.cfg"; }
  [[nodiscard]] std::string metrics_path() const { return path_ + "/metrics.jsonl"; }
  [[nodiscard]] std::string tensorboard_path() const { return path_ + "/tensorboard"; }
  [[nodiscard]] std::string model_path() const { return path_ + "/model.h5"; }
  /// With --keep-best: the model of the best epoch so far.
  [[nodiscard]] std::string best_path() const { return path_ + "/best.h5"; }
  /// With --watchdog: the activity of each rank, one line per rank; removed at a normal end.
  [[nodiscard]] std::string watchdog_path() const { return path_ + "/.watchdog"; }
  [[nodiscard]] std::string lock_path() const { return path_ + "/.lock"; }
  [[nodiscard]] std::string checkpoint_path(Index step) const;
  /// With --keep-every: a checkpoint that prune() leaves.
  [[nodiscard]] std::string kept_path(Index step) const;

  /// Makes the folder and takes its lock. Throws Error(usage) when it already holds a run or
  /// another run has the lock, Error(io) when it cannot be written.
  void create();
  /// Takes the lock of an existing run. Throws Error(usage) naming the holder when another run has
  /// it, Error(io) when there is neither config.cfg nor a checkpoint, with a hint at the
  /// intended folder.
  void open();
  /// The run is resumed from `checkpoint` (or, when that is "", from its beginning). Checkpoints
  /// that are newer than that one were passed over: they get names ending in ".damaged", so that
  /// they neither count as those to keep nor are taken for the newest again.
  void set_aside_newer_than(const std::string& checkpoint) const;
  /// Checkpoints by step, newest first, valid or not; a kept one behind that of the same step.
  [[nodiscard]] std::vector<std::string> checkpoints() const;
  /// The newest checkpoint that passes verification, holds the step that its name says, and is of
  /// this run: of one with the settings in config.cfg, unless that is missing or damaged. None when
  /// the run has none at all; `notes` gets the reasons for which newer ones, or config.cfg, were
  /// passed over. Throws Error(data) when there are checkpoints but none is valid.
  [[nodiscard]] std::optional<FoundCheckpoint> newest_valid(std::vector<std::string>& notes) const;
  /// Gives the checkpoint of this step, which exists, its second name; the two share their bytes
  /// where the file system can. Throws Error(io).
  void keep(Index step) const;
  /// Deletes all but the newest `keep` checkpoints and those that are kept.
  void prune(Index keep) const;

 private:
  void make_folders() const;
  void lock();
  /// Removes the temporary files of killed writers; only under the lock.
  void remove_temporaries() const;

  std::string path_;
  std::unique_ptr<RunLock> lock_;
};

}  // namespace hourglass
