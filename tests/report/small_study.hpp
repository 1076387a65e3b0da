#pragma once

#include <algorithm>

#include "analysis/sample_study.hpp"

namespace hourglass {

/// Samples 0, 1, ... of `features` values each, reconstructed as they are but for an error that
/// falls with the number, and a code of two units of which the second is dead.
inline SampleStudy small_study(Index samples, Index features) {
  SampleStudy study;
  study.data = "small.h5:/x";
  study.available = 10 * samples;
  study.features = features;
  study.code_size = 2;
  study.originals = Buffer<float>(samples * features);
  study.reconstructions = Buffer<float>(samples * features);
  study.codes = Buffer<float>(samples * 2);
  for (Index i = 0; i < samples; ++i) {
    study.rows.push_back(10 * i);
    study.errors.push_back(static_cast<double>(samples - i));
    study.labels.push_back(i % 2);
    for (Index c = 0; c < features; ++c)
      study.originals[i * features + c] = static_cast<float>(i) / static_cast<float>(samples);
    study.codes[2 * i] = static_cast<float>(i);
  }
  std::ranges::copy(study.originals.span(), study.reconstructions.data());
  return study;
}

}  // namespace hourglass
