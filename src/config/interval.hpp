#pragma once

namespace hourglass {

/// So many steps, epochs or seconds of a training: when to write a checkpoint (every `count` of
/// `unit`; count 0 means only when stopped), how long to warm up.
struct Interval {
  enum class Unit { steps, epochs, seconds };
  double count = 1;
  Unit unit = Unit::epochs;
};

}  // namespace hourglass
