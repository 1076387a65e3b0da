#include "hourglass/train/train.hpp"

#include "config/settings.hpp"
#include "hourglass/core/error.hpp"
#include "math/blas.hpp"
#include "model/sample_grid.hpp"
#include "run/resume_point.hpp"
#include "train/consistency.hpp"
#include "train/trainer.hpp"

namespace hourglass {

namespace {

// Settings of a run that apply to the process, restored afterwards: models compute with OpenBLAS.
class ProcessArithmetic {
 public:
  ProcessArithmetic() { use_single_threaded_blas(); }
  ~ProcessArithmetic() { use_onednn_for_gemm(false); }
  ProcessArithmetic(const ProcessArithmetic&) = delete;
  ProcessArithmetic& operator=(const ProcessArithmetic&) = delete;
};

TrainingOutcome run(const Communicator& communicator, const TrainConfig& config,
                    std::optional<ResumePoint> point) {
  collectively(communicator, [&] { validate(config); });
  check_same_everywhere(communicator, config);
  const ProcessArithmetic arithmetic;
  Trainer trainer(communicator, config, std::move(point));
  TrainResult result = trainer.run();
  return {result.position.step, result.position.samples,          result.validation_sse,
          result.model_path,    std::move(result.weights_digest), std::move(result.profile)};
}

}  // namespace

TrainingOutcome train(const Communicator& communicator, const TrainingSettings& settings) {
  return run(communicator, settings.config(), std::nullopt);
}

TrainingOutcome resume(const Communicator& communicator, const std::string& folder,
                       const std::function<void(TrainingSettings&)>& change) {
  ResumePoint point = find_resume_point(communicator, folder);
  TrainConfig config;
  collectively(communicator, [&] {
    TrainConfig stored;
    apply_text(point.configuration, point.origin, stored);
    stored.output = folder;
    // Runs of before there was the choice took their channels as last.
    if (stored.channels == ChannelOrder::automatic && depends_on_grid(stored.model))
      stored.channels = ChannelOrder::last;
    TrainingSettings settings(stored);
    if (change) change(settings);
    config = settings.config();
    if (!is_same_folder(config.output, folder)) {
      throw Error(ErrorKind::usage,
                  "a resumed run goes on in its own folder: the setting output cannot be changed");
    }
    config.output = folder;
    check_resumable(stored, config);
  });
  return run(communicator, config, std::move(point));
}

}  // namespace hourglass
