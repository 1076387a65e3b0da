#pragma once

#include <span>
#include <string>

#include "config/config.hpp"
#include "model/autoencoder.hpp"

namespace hourglass {

/// Writes a model file of parameters that no run of this program made: without a history, and
/// without anything known of the data; its inputs are taken as they are stored. `parameters` is an
/// arena of `network`, which is that of config.model. Throws Error(io).
void write_plain_model(const std::string& path, const TrainConfig& config,
                       const Autoencoder& network, std::span<const float> parameters);

}  // namespace hourglass
