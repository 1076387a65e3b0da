#pragma once

#include "model/autoencoder.hpp"
#include "nn/row_weights.hpp"
#include "nn/sparse_code.hpp"
#include "nn/unit_group.hpp"

namespace hourglass {

// Penalties on sparse codes h of a micro-batch, each row's part times the row's weight. They return
// their value summed over rows, in double, and with a `scale` other than 0 leave scale times their
// derivatives where the code's layers take them from. With a `group` the value is that of all
// ranks' units.

/// weight * sum of `values`, which are the code's, or its gates' pre-activations, and at least 0;
/// adds to their `gradients`. The derivative at 0 is 0.
double sparse_l1(double weight, float scale, const RowWeights& weights,
                 std::span<const float> values, std::span<float> gradients, const SparseCode& code,
                 UnitGroup* group = nullptr);

/// weight * (number of h that are not 0); sets the code's l0_gradients.
double sparse_l0(double weight, float scale, const RowWeights& weights, SparseCode& code,
                 UnitGroup* group = nullptr);

/// Both, by the weights of a specification times their factors in the present update.
double code_penalty(const AutoencoderSpec& spec, const PenaltyFactors& factors, float scale,
                    const RowWeights& weights, SparseCode& code, UnitGroup* group = nullptr);

}  // namespace hourglass
