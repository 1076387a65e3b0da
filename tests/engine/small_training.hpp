#pragma once

#include <cstring>
#include <span>
#include <vector>

#include "core/buffer.hpp"
#include "core/random.hpp"
#include "core/tree_sum.hpp"
#include "data/sample_source.hpp"
#include "hourglass/core/error.hpp"
#include "model/autoencoder.hpp"
#include "nn/initializer.hpp"

namespace hourglass::engine_test {

inline constexpr Index features = 13;

inline AutoencoderSpec small_spec() {
  AutoencoderSpec spec;
  spec.encoder = {features, 11, 5};
  spec.activation = Activation::tanh;
  spec.feature_mean = false;
  return spec;
}

inline Buffer<float> initial_parameters(const Trainable& model) {
  Buffer<float> parameters(model.layout().size());
  initialize(model.layout(), model.roles(), Initialization::glorot_uniform, 5, parameters.span());
  return parameters;
}

/// Samples that are functions of their row alone.
class KeyedSource final : public SampleSource {
 public:
  explicit KeyedSource(const ShardPlan& plan) : plan_(plan) {}
  void begin_epoch(std::uint32_t, Index) override {}
  void gather(Index shard, Index step, Matrix x, std::span<std::uint64_t> ids) override {
    if (shard == failing_shard) throw Error(ErrorKind::data, "row 7 holds a NaN");
    const Index first = plan_.shard_rows(shard).begin + plan_.positions(shard, step).begin;
    for (Index r = 0; r < x.rows; ++r) {
      ids[static_cast<std::size_t>(r)] = static_cast<std::uint64_t>(first + r);
      for (Index c = 0; c < features; ++c) {
        x(r, c) = uniform_unit(random_.bits(static_cast<std::uint64_t>(first + r), 0,
                                            static_cast<std::uint32_t>(c))[0]);
      }
    }
  }
  [[nodiscard]] double wait_seconds() const override { return 0; }
  [[nodiscard]] Index bytes() const override { return 0; }

  Index failing_shard = -1;

 private:
  ShardPlan plan_;
  CounterRandom random_{3, Purpose::generation};
};

/// A step as a textbook has it, on one thread and without MPI: the gradient of each shard's
/// micro-batch in a buffer of its own, added along the tree.
class SlowStep {
 public:
  SlowStep(const Trainable& model, const ShardPlan& plan) : model_(model), plan_(plan) {}

  double loss = 0;  ///< summed over the samples, in double

  [[nodiscard]] std::vector<float> gradient(const float* parameters, SampleSource& source,
                                            std::uint64_t seed, Index step) {
    loss = 0;
    const auto size = static_cast<std::size_t>(model_.layout().size());
    std::vector<std::vector<float>> leaves;
    Workspace workspace = model_.make_workspace(plan_.micro_batch());
    for (Index shard = 0; shard < plan_.shards(); ++shard) {
      const Index rows = plan_.positions(shard, step).size();
      std::vector<float> samples(static_cast<std::size_t>(rows * model_.features()));
      std::vector<std::uint64_t> ids(static_cast<std::size_t>(rows));
      const Matrix x(samples.data(), rows, model_.features());
      source.gather(shard, step, x, ids);
      leaves.emplace_back(size, 0.0F);
      const PassContext context{.training = true, .seed = seed, .sample_ids = ids};
      loss += model_
                  .train_pass(parameters, x, 1.0F / static_cast<float>(plan_.samples_in_step(step)),
                              workspace, leaves.back().data(), context, [](Range) {})
                  .loss;
    }
    return sum({0, plan_.shards()}, leaves);
  }

 private:
  static std::vector<float> sum(Range node, const std::vector<std::vector<float>>& leaves) {
    if (node.size() == 1) return leaves[static_cast<std::size_t>(node.begin)];
    std::vector<float> left = sum({node.begin, tree_split(node)}, leaves);
    const std::vector<float> right = sum({tree_split(node), node.end}, leaves);
    for (std::size_t i = 0; i < left.size(); ++i) left[i] += right[i];
    return left;
  }

  const Trainable& model_;
  const ShardPlan& plan_;
};

inline bool same_bits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

}  // namespace hourglass::engine_test
