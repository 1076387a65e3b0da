#include "train/time_limit.hpp"

#include <algorithm>

#include "core/process.hpp"

namespace hourglass {

namespace {

constexpr double assumed_bytes_per_second =
    50e6;  // a slow file system, until a checkpoint was measured

}  // namespace

TimeLimit::TimeLimit(double limit, double checkpoint_bytes)
    : limit_(limit), longest_checkpoint_(checkpoint_bytes / assumed_bytes_per_second) {}

bool TimeLimit::reached() {
  // Before the first look the run was being set up.
  if (looked_) longest_step_ = std::max(longest_step_, since_look_.seconds() - excluded_seconds_);
  looked_ = true;
  since_look_.restart();
  excluded_seconds_ = 0;
  return limit_ > 0 && process_age() + reserve() >= limit_;
}

void TimeLimit::checkpoint_took(double seconds) {
  longest_checkpoint_ = measured_ ? std::max(longest_checkpoint_, seconds) : seconds;
  measured_ = true;
  excluded_seconds_ += seconds;
}

double TimeLimit::reserve() const { return 2 * longest_checkpoint_ + longest_step_ + 1; }

}  // namespace hourglass
