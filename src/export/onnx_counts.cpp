#include "export/onnx_counts.hpp"

#include <cmath>
#include <vector>

#include "nn/count_loss.hpp"

namespace hourglass {

std::string add_count_input(OnnxGraph& graph, double library, Index features) {
  const std::string counts = graph.last();
  const std::vector<float> weights(static_cast<std::size_t>(features),
                                   static_cast<float>(1 / library));
  std::string sizes = graph.node(
      "Gemm",
      {counts, graph.constant("size.weight", {1, features}, weights.data(), weights.size()),
       graph.constant("size.bias", 0)},
      {OnnxGraph::integer("transB", 1)});
  // A sample without counts is divided by something.
  const std::string divisor = graph.node("Add", {sizes, graph.constant("size.least", 1e-30F)});
  const std::string scaled = graph.node("Div", {counts, divisor});
  graph.node("Log", {graph.node("Add", {scaled, graph.constant("input.one", 1)})});
  return sizes;
}

std::string add_latent_library(OnnxGraph& graph, Index width, const LibraryPrior& prior) {
  const std::string units = graph.last();
  const auto place = [&](const char* what, Index value) {
    return graph.constant(what, std::vector<Index>{value});
  };
  const std::string axis = place("library.axis", 1);
  const std::string end = place("library.begin", width);
  graph.node("Slice", {units, end, place("library.end", width + 1), axis});
  graph.node("Mul", {graph.last(),
                     graph.constant("library.deviation", static_cast<float>(prior.deviation))});
  graph.clamp("library.ratio", -LatentLibrary::most_log_ratio, LatentLibrary::most_log_ratio);
  graph.node("Add", {graph.last(), graph.constant("library.mean", static_cast<float>(prior.mean))});
  std::string sizes = graph.node("Exp", {graph.last()});
  graph.node("Slice", {units, place("code.begin", 0), end, axis});
  return sizes;
}

void add_count_means(OnnxGraph& graph, const std::string& sizes) {
  // Bounds of the logits: an infinite exponential has no bounds.
  graph.clamp("mean", std::log(least_mean), std::log(greatest_mean));
  const std::string means = graph.node("Exp", {graph.last()});
  if (!sizes.empty()) graph.node("Mul", {means, sizes});
}

}  // namespace hourglass
