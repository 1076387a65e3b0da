#pragma once

#include <optional>
#include <string>

#include "checkpoint/state_file.hpp"
#include "hourglass/comm/communicator.hpp"
#include "run/run_folder.hpp"

namespace hourglass {

/// The point from which a run is resumed. Rank 0 alone takes the lock and reads the checkpoint.
struct ResumePoint {
  RunFolder folder;                ///< locked on rank 0
  std::optional<StateFile> state;  ///< the checkpoint as rank 0 has verified it; on rank 0
  std::string checkpoint;          ///< its path; "": from the beginning
  std::string configuration;       ///< the settings that the run had, as text
  std::string origin;              ///< where they stand, for messages
  bool extend = false;             ///< go on with samples behind those that the run had
};

/// Takes the lock of the run in `path` and looks for its newest valid checkpoint; rank 0 prints
/// what it found. Collective; throws the same error on every rank: Error(usage) when another run
/// holds the folder, Error(io) when there is no run, Error(data) when none of its checkpoints is
/// valid.
[[nodiscard]] ResumePoint find_resume_point(const Communicator& communicator,
                                            const std::string& path);

}  // namespace hourglass
