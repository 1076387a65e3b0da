#pragma once

#include <string>
#include <vector>

namespace hourglass {

/// A model or checkpoint and its weight in an average.
struct AveragedModel {
  std::string path;
  double weight = 1;
};

/// Writes the average of models as a model file (weight averaging: Izmailov et al. 2018):
///   theta = sum_i w_i theta_i / sum_i w_i
/// added up in double in the order given and rounded once to single precision. Configuration and
/// what is known of the data are those of the first; the text "averaged" lists all with their
/// digests. `path` may stand for a run folder. Local; returns the digest of the weights. Throws
/// Error(usage) for models of different tensors, activations, losses or inputs and for bad weights,
/// Error(data) and Error(io) as load_model() does.
std::string write_average(const std::vector<AveragedModel>& models, const std::string& output);

}  // namespace hourglass
