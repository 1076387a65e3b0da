#pragma once

#include "data/data_identity.hpp"
#include "data/normalization.hpp"

namespace hourglass {

/// Samples with a target behind them (ReadOptions::target), and either part of what is known of
/// both.

/// The number of features of the target; 0 for samples without one.
[[nodiscard]] Index target_features(const DatasetInfo& info);

/// The transform that either part would have by itself, with its own type: the conversions of
/// `whole`, which is that of the pair, where `normalize` standardizes that part.
struct PartNormalization {
  Normalize normalize = Normalize::automatic;
  ElementType type = ElementType::f32;  ///< as stored
  Index features = 0;
};
/// The pair's transform: a common division where both parts have the same, otherwise a mean and a
/// factor for each feature. `standardized` is that of the whole pair, needed where a part
/// standardizes.
[[nodiscard]] InputTransform paired_transform(const PartNormalization& input,
                                              const PartNormalization& target,
                                              const InputTransform& standardized);

/// The transform of some of the features.
[[nodiscard]] InputTransform part_of(const InputTransform& whole, Range features);

/// What is known of the input alone: its features, without their range.
[[nodiscard]] DataIdentity input_identity(const DataIdentity& pair, Index features);

}  // namespace hourglass
