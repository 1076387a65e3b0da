#pragma once

#include "cli/condition_options.hpp"
#include "cli/options.hpp"
#include "engine/matched_data.hpp"
#include "hourglass/comm/communicator.hpp"
#include "run/model_file.hpp"

namespace hourglass {

/// The arguments shared by evaluate, encode and reconstruct: a model, a data set, threads and
/// micro-batch.
struct ModelArguments {
  Model model;
  std::string data;
  ReadOptions reading;
  GivenScale scale;
  GivenConditions conditions;
  Index threads = 1;
  Index micro_batch = 128;
};

[[nodiscard]] std::vector<Option> model_options();
/// --data-scale, of every command that compares data with a model.
[[nodiscard]] Option scale_option();
/// Throws Error(usage) unless it is a number above 0.
[[nodiscard]] GivenScale read_scale(const Arguments& arguments);
/// --target, of commands that compare outputs with something.
[[nodiscard]] Option target_option();
/// Reads it to given.reading. Throws Error(usage) unless it is there exactly if the model was
/// trained with one.
void read_target(const Arguments& arguments, const Model& model, ReadOptions& reading);
/// Collective; throws the same Error on every rank.
[[nodiscard]] ModelArguments read_model_arguments(const Communicator& communicator,
                                                  const Arguments& arguments);

/// The data set `given.data`, compared with those of the model's training; what was put right is
/// said on standard error. The model receives the conditions of the samples. Collective; throws
/// the same Error on every rank.
[[nodiscard]] MatchedData open_matched(const Communicator& communicator, ModelArguments& given);
/// The same of another data set.
[[nodiscard]] MatchedData open_matched(const Communicator& communicator, const std::string& address,
                                       const ReadOptions& reading, const Model& model,
                                       const GivenScale& scale);

}  // namespace hourglass
