#include "model/missing_input.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/scratch_arena.hpp"

namespace hourglass {

MissingInput::MissingInput(Index features, std::vector<float> means, Index indicator_group)
    : features_(features), means_(std::move(means)), group_(indicator_group) {}

Index MissingInput::scratch_floats(Index rows) const {
  const Index samples = ScratchArena::floats_of(rows, features_);
  return 2 * samples + (indicator() ? ScratchArena::floats_of(rows, width()) : 0);
}

ConstMatrix MissingInput::network_input(ConstMatrix samples, std::span<float> scratch) const {
  ScratchArena arena(scratch);
  const Matrix values = arena.allocate(samples.rows, features_);
  const Matrix present = arena.allocate(samples.rows, features_);
  split(samples, values, present);
  if (!indicator()) return values;
  const Matrix input = arena.allocate(samples.rows, width());
  join(values, present, input);
  return input;
}

void MissingInput::split(ConstMatrix samples, Matrix values, Matrix present) const {
  for (Index r = 0; r < samples.rows; ++r) {
    const float* const x = samples.row(r).data();
    float* const v = values.row(r).data();
    float* const p = present.row(r).data();
    for (Index c = 0; c < features_; ++c) {
      const bool missing = std::isnan(x[c]);
      p[c] = missing ? 0.0F : 1.0F;
      v[c] = missing ? mean(c) : x[c];
    }
  }
}

void MissingInput::fill(Matrix samples) const {
  for (Index r = 0; r < samples.rows; ++r) {
    for (Index c = 0; c < features_; ++c) {
      if (std::isnan(samples(r, c))) samples(r, c) = mean(c);
    }
  }
}

void MissingInput::restore_means(ConstMatrix present, Matrix values) const {
  for (Index r = 0; r < values.rows; ++r) {
    for (Index c = 0; c < features_; ++c) {
      if (present(r, c) == 0) values(r, c) = mean(c);
    }
  }
}

void MissingInput::join(ConstMatrix values, ConstMatrix present, Matrix input) const {
  for (Index r = 0; r < values.rows; ++r) {
    const float* v = values.row(r).data();
    const float* p = present.row(r).data();
    float* to = input.row(r).data();
    for (Index begin = 0; begin < features_; begin += group_, v += group_, p += group_) {
      to = std::copy_n(v, group_, to);
      to = std::transform(p, p + group_, to, [](float there) { return 1.0F - there; });
    }
  }
}

}  // namespace hourglass
