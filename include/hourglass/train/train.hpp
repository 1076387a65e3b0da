#pragma once

#include <functional>
#include <optional>
#include <string>

#include "hourglass/comm/communicator.hpp"
#include "hourglass/config/training_settings.hpp"

namespace hourglass {

/// The outcome of a training run; the same on every rank, but for `profile`.
struct TrainingOutcome {
  Index steps = 0;    ///< updates made, those before a resume included
  Index samples = 0;  ///< samples seen, likewise
  /// Of the last epoch, per sample, summed over features; none without validation data.
  std::optional<double> validation_squared_error;
  std::string model_path;      ///< the model file, model.h5 in the run folder
  std::string weights_digest;  ///< 32 hex digits: equal digests, equal parameters
  std::string profile;         ///< rank 0: the table of the setting profile; empty without it
};

/// `hourglass train`: makes a new run in the folder that the setting output names, trains it to the
/// end and writes the model. The weights depend on data and settings, not on the number of ranks
/// and threads. Reports on standard output of rank 0 unless the setting progress is "none". While
/// it runs, SIGINT, SIGTERM and the signals of the setting stop-signal stop it after the current
/// step; the handlers from before are restored at the end.
///
/// Collective: every rank gives the same settings. One training at a time in a process; it uses as
/// many threads as the setting threads, the calling one included. Throws the same Error on every
/// rank: Error(usage) for settings that are wrong or differ between ranks and for an output folder
/// that holds a run, Error(data) and Error(io) for data and files, Error(diverged), Error(stopped)
/// with a checkpoint written. An Error(rank), and an Error whose reach() is local, are of one rank
/// alone: see docs/api.md.
TrainingOutcome train(const Communicator& communicator, const TrainingSettings& settings);

/// `hourglass train --resume`: continues the run in `folder` from its newest valid checkpoint, on
/// any number of ranks, with the weights of a run that was never interrupted. `change` may alter
/// settings that do not shape the weights (threads, memory, ...; epochs unless the schedule depends
/// on them); it is called once on every rank and has to do the same everywhere. Collective. Throws
/// as train(), Error(usage) too when another setting was changed or another process has the folder,
/// Error(io) when it holds no run.
TrainingOutcome resume(const Communicator& communicator, const std::string& folder,
                       const std::function<void(TrainingSettings&)>& change = {});

}  // namespace hourglass
