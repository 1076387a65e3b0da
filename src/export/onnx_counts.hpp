#pragma once

#include <string>

#include "export/onnx_graph.hpp"
#include "nn/latent_library.hpp"

namespace hourglass {

/// What a graph has of models of counts (model/sample_input.hpp, nn/count_loss.hpp) besides layers.
/// Size factors are N x 1.

/// The network's input ln(1 + x / s) of raw counts x, which are the result so far; s is the sum of
/// a row of `features` counts divided by `library`. Returns the name of s.
std::string add_count_input(OnnxGraph& graph, double library, Index features);

/// Divides the units of a posterior with a latent library into the code, of that width, which is
/// the result from then on, and the size factor, whose name is returned.
std::string add_latent_library(OnnxGraph& graph, Index width, const LibraryPrior& prior);

/// The means of the result so far, which are their logits: times `sizes`, unless that is empty.
void add_count_means(OnnxGraph& graph, const std::string& sizes);

}  // namespace hourglass
