#pragma once

#include <span>
#include <string>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// Faults on demand, for tests of everything that has to notice them: the environment variable
/// HOURGLASS_FAULT holds one, as "hang,rank=1,step=5". Kinds: hang (the main thread stops for ever
/// in the step after `step` updates), kill (the process ends as by SIGKILL), flip (a bit of this
/// rank's first parameter), nan (a parameter of every rank becomes NaN), slow (the step takes a
/// second more). The steps of an import are its rounds. Without the variable nothing ever happens.
class FaultInjection {
 public:
  /// Throws Error(usage) when the variable holds something else.
  static FaultInjection from_environment(int rank);

  /// Whether before_step() changes parameters, which must then be complete.
  [[nodiscard]] bool spoils_parameters() const { return kind_ == "flip" || kind_ == "nan"; }
  /// Before the step that follows `step` updates. Without parameters those cannot be spoilt.
  void before_step(Index step, std::span<float> parameters) const;

 private:
  std::string kind_;
  Index step_ = -1;
};

}  // namespace hourglass
