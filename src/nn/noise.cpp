#include "nn/noise.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/random.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

// Low bits: blocks of four units, 2^26 of them; high bits: the layer's number, up to 64.
std::uint32_t block_of(Index number, Index unit) {
  return static_cast<std::uint32_t>((number << 26) | (unit / 4));
}

}  // namespace

std::string to_string(const NoiseSpec& spec) {
  if (spec.kind == Noise::none) return "none";
  return fmt::format("{}:{}", spec.kind == Noise::gaussian ? "gaussian" : "dropout", spec.strength);
}

NoiseSpec noise_from(std::string_view text) {
  if (text == "none" || text.empty()) return {};
  const auto colon = text.find(':');
  const std::string_view kind = text.substr(0, colon);
  NoiseSpec spec;
  if (colon != std::string_view::npos && (kind == "gaussian" || kind == "dropout")) {
    spec.kind = kind == "gaussian" ? Noise::gaussian : Noise::dropout;
    const char* const end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data() + colon + 1, end, spec.strength);
    const double limit = spec.kind == Noise::gaussian ? 1e6 : 0.999;
    if (error == std::errc{} && at == end && spec.strength >= 0 && spec.strength <= limit)
      return spec;
  }
  throw Error(
      ErrorKind::usage,
      fmt::format("'{}' is not a noise: none, gaussian:DEVIATION or dropout:PROBABILITY (below 1)",
                  text));
}

void NoiseLayer::forward(const float* /*parameters*/, ConstMatrix x, Matrix y,
                         std::span<float> scratch, const PassContext& context) const {
  for (Index r = 0; r < x.rows; ++r) std::ranges::copy(x.row(r), y.row(r).begin());
  if (!context.training || spec_.kind == Noise::none) return;
  require(static_cast<Index>(context.sample_ids.size()) >= x.rows, "noise on samples without ids");
  const CounterRandom random(context.seed, Purpose::layer_noise);
  const auto strength = static_cast<float>(spec_.strength);
  const float kept = 1.0F / (1.0F - strength);
  for (Index r = 0; r < x.rows; ++r) {
    const std::uint64_t id = context.sample_ids[static_cast<std::size_t>(r)];
    float* row = y.row(r).data();
    for (Index begin = 0; begin < width_; begin += 4) {
      const auto words = random.bits(id, context.epoch, block_of(number_, begin));
      const Index count = std::min<Index>(4, width_ - begin);
      if (spec_.kind == Noise::gaussian) {
        const auto [a, b] = normal_pair(words[0], words[1]);
        const auto [c, d] = normal_pair(words[2], words[3]);
        const std::array<float, 4> normal = {a, b, c, d};
        for (Index i = 0; i < count; ++i)
          row[begin + i] += strength * normal[static_cast<std::size_t>(i)];
      } else {
        for (Index i = 0; i < count; ++i) {
          const float factor =
              uniform_unit(words[static_cast<std::size_t>(i)]) < strength ? 0.0F : kept;
          scratch[static_cast<std::size_t>(r * width_ + begin + i)] = factor;
          row[begin + i] *= factor;
        }
      }
    }
  }
}

void NoiseLayer::backward(const float* /*parameters*/, ConstMatrix /*x*/, ConstMatrix /*y*/,
                          Matrix dy, Matrix dx, float* /*gradient*/, std::span<float> scratch,
                          const PassContext& context) const {
  if (dx.empty()) return;
  const bool scaled = spec_.kind == Noise::dropout && context.training;
  for (Index r = 0; r < dy.rows; ++r) {
    const float* from = dy.row(r).data();
    float* to = dx.row(r).data();
    for (Index c = 0; c < width_; ++c)
      to[c] = scaled ? from[c] * scratch[static_cast<std::size_t>(r * width_ + c)] : from[c];
  }
}

}  // namespace hourglass
