#pragma once

#include <string>
#include <vector>

#include "checkpoint/state_file.hpp"
#include "config/config.hpp"
#include "run/model_file.hpp"

namespace hourglass {

/// The model file that a name stands for: a model or checkpoint itself; of a run folder its
/// model.h5 or, when there is none yet, its newest checkpoint.
[[nodiscard]] std::string model_file_of(const std::string& name);

/// The configuration of a run that starts from a model (--init-from): with what the run has to know
/// of it before its own network is built (ModelOrigin, without what is taken), and of counts the
/// library that the model's inputs were scaled to, unless --target-sum is given.
[[nodiscard]] TrainConfig with_origin(TrainConfig config, const Model& source);

/// The conditions of a run: those of its data, each with the categories that the model knew first
/// and new ones behind them.
[[nodiscard]] std::vector<Condition> joined_conditions(std::vector<Condition> conditions,
                                                       const std::vector<Condition>& known);

/// The origin as entries of a state file's header, where there is one, and back.
void store_origin(const ModelOrigin& origin, StateHeader& header);
[[nodiscard]] ModelOrigin load_origin(const StateHeader& header, const std::string& path);
/// Whether a text of a model file is for programs, not for people.
[[nodiscard]] bool is_origin_detail(const std::string& name);

}  // namespace hourglass
