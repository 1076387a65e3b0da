#include "model/rbm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/random.hpp"
#include "core/scratch_arena.hpp"
#include "hourglass/core/error.hpp"
#include "math/blas.hpp"

namespace hourglass {

namespace {

Activation mean_of(RbmUnit unit) {
  return unit == RbmUnit::bernoulli ? Activation::sigmoid : Activation::linear;
}

double squared_error(ConstMatrix a, ConstMatrix b) {
  double sum = 0;
  for (Index r = 0; r < a.rows; ++r) {
    for (Index c = 0; c < a.columns; ++c) {
      const double difference = static_cast<double>(a(r, c)) - static_cast<double>(b(r, c));
      sum += difference * difference;
    }
  }
  return sum;
}

void multiply(Matrix m, float factor) {
  for (Index r = 0; r < m.rows; ++r) {
    for (float& value : m.row(r)) value *= factor;
  }
}

void add_column_sums(ConstMatrix m, std::span<float> sums) {
  for (Index r = 0; r < m.rows; ++r) {
    for (std::size_t c = 0; c < sums.size(); ++c) sums[c] += m.row(r)[c];
  }
}

}  // namespace

Rbm::Rbm(const RbmSpec& spec)
    : spec_(spec),
      weight_(layout_.add("encoder/0/weight", {spec.hidden, spec.visible})),
      hidden_bias_(layout_.add("encoder/0/bias", {spec.hidden})),
      visible_bias_(layout_.add("decoder/0/bias", {spec.visible})) {
  if (spec.steps < 1 || spec.steps > 1000) {
    throw Error(ErrorKind::usage, fmt::format("--rbm-steps must be 1 to 1000, not {}", spec.steps));
  }
}

std::vector<TensorRole> Rbm::roles() const {
  return {{weight_, false, spec_.visible, spec_.hidden},
          {hidden_bias_, true, spec_.visible, spec_.hidden},
          {visible_bias_, true, spec_.hidden, spec_.visible}};
}

Workspace Rbm::make_workspace(Index max_rows) const {
  return {max_rows, 2 * ScratchArena::floats_of(max_rows, spec_.hidden) +
                        ScratchArena::floats_of(max_rows, spec_.visible)};
}

Rbm::Chain Rbm::chain_of(Workspace& workspace, Index rows) const {
  require(rows <= workspace.max_rows(), "a micro-batch larger than its workspace");
  ScratchArena arena(workspace.extra());
  Chain chain;
  chain.first_hidden = arena.allocate(rows, spec_.hidden);
  chain.hidden = arena.allocate(rows, spec_.hidden);
  chain.visible = arena.allocate(rows, spec_.visible);
  return chain;
}

ConstMatrix Rbm::weight(const float* parameters) const {
  return {parameters + layout_.tensor(weight_).offset, spec_.hidden, spec_.visible};
}

void Rbm::up(const float* parameters, ConstMatrix visible, Matrix hidden) const {
  gemm(false, true, visible, weight(parameters), 0, hidden);
  const float* const bias = parameters + layout_.tensor(hidden_bias_).offset;
  activation_forward(mean_of(spec_.hidden_unit), {bias, static_cast<std::size_t>(spec_.hidden)},
                     hidden, {});
}

void Rbm::down(const float* parameters, ConstMatrix hidden, Matrix visible) const {
  gemm(false, false, hidden, weight(parameters), 0, visible);
  const float* const bias = parameters + layout_.tensor(visible_bias_).offset;
  activation_forward(mean_of(spec_.visible_unit), {bias, static_cast<std::size_t>(spec_.visible)},
                     visible, {});
}

LossSums Rbm::train_pass(const float* parameters, ConstMatrix samples, float scale,
                         Workspace& workspace, float* gradient, const PassContext& context,
                         const GradientReady& ready) const {
  const Index rows = samples.rows;
  const Chain chain = chain_of(workspace, rows);
  LossSums sums;
  std::fill_n(gradient, layout_.size(), 0.0F);
  if (rows > 0) {
    up(parameters, samples, chain.first_hidden);
    for (Index r = 0; r < rows; ++r)
      std::ranges::copy(chain.first_hidden.row(r), chain.hidden.row(r).begin());
    for (Index step = 0; step < spec_.steps; ++step) {
      draw_units(spec_.hidden_unit, 2 * step, context, chain.hidden);
      down(parameters, chain.hidden, chain.visible);
      if (step == 0) sums.squared_error = squared_error(samples, chain.visible);
      if (spec_.sample_visible)
        draw_units(spec_.visible_unit, 2 * step + 1, context, chain.visible);
      up(parameters, chain.visible, chain.hidden);
    }
    sums.loss = sums.squared_error;
    multiply(chain.first_hidden, -scale);
    multiply(chain.hidden, scale);
    const Matrix weight_gradient(gradient + layout_.tensor(weight_).offset, spec_.hidden,
                                 spec_.visible);
    gemm(true, false, chain.hidden, chain.visible, 0, weight_gradient);
    gemm(true, false, chain.first_hidden, samples, 1, weight_gradient);
    const std::span hidden(gradient + layout_.tensor(hidden_bias_).offset,
                           static_cast<std::size_t>(spec_.hidden));
    add_column_sums(chain.hidden, hidden);
    add_column_sums(chain.first_hidden, hidden);
    for (Index r = 0; r < rows; ++r) {
      for (Index c = 0; c < spec_.visible; ++c)
        chain.visible(r, c) = scale * (chain.visible(r, c) - samples(r, c));
    }
    add_column_sums(chain.visible, {gradient + layout_.tensor(visible_bias_).offset,
                                    static_cast<std::size_t>(spec_.visible)});
  }
  if (ready) ready({0, layout_.size()});
  return sums;
}

LossSums Rbm::evaluate(const float* parameters, ConstMatrix samples, Workspace& workspace) const {
  const Chain chain = chain_of(workspace, samples.rows);
  up(parameters, samples, chain.hidden);
  down(parameters, chain.hidden, chain.visible);
  LossSums sums;
  sums.loss = sums.squared_error = squared_error(samples, chain.visible);
  return sums;
}

void draw_units(RbmUnit unit, Index place, const PassContext& context, Matrix means) {
  require(static_cast<Index>(context.sample_ids.size()) >= means.rows,
          "draws for samples without ids");
  const CounterRandom random(context.seed, Purpose::pretraining);
  for (Index r = 0; r < means.rows; ++r) {
    const std::uint64_t id = context.sample_ids[static_cast<std::size_t>(r)];
    const auto row = means.row(r);
    for (Index begin = 0; begin < means.columns; begin += 4) {
      // Blocks of four units below, the place above: 2^22 units, 4096 places.
      const auto words =
          random.bits(id, context.epoch, static_cast<std::uint32_t>((place << 20) | (begin / 4)));
      const Index count = std::min<Index>(4, means.columns - begin);
      if (unit == RbmUnit::bernoulli) {
        for (Index i = 0; i < count; ++i) {
          float& value = row[static_cast<std::size_t>(begin + i)];
          value = uniform_unit(words[static_cast<std::size_t>(i)]) < value ? 1.0F : 0.0F;
        }
      } else {
        const auto [a, b] = normal_pair(words[0], words[1]);
        const auto [c, d] = normal_pair(words[2], words[3]);
        const std::array<float, 4> normal = {a, b, c, d};
        for (Index i = 0; i < count; ++i)
          row[static_cast<std::size_t>(begin + i)] += normal[static_cast<std::size_t>(i)];
      }
    }
  }
}

}  // namespace hourglass
