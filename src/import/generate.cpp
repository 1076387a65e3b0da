#include "import/generate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include "core/random.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr std::array<std::pair<Synthetic, std::string_view>, 5> names = {{
    {Synthetic::curves, "curves"},
    {Synthetic::swiss_roll, "swiss-roll"},
    {Synthetic::s_curve, "s-curve"},
    {Synthetic::gaussian_mixture, "gaussian-mixture"},
    {Synthetic::manifold, "manifold"},
}};

constexpr Index image_side = 28;
constexpr int ink_points = 60;
// Calibrated so that PCA with 18 components leaves a test sse of about 5.90 (data/README.md).
constexpr double ink = 0.526;
constexpr double blur = 0.7;
constexpr Index manifold_terms = 32;
// Items above all sample numbers: the numbers that the whole data set shares.
constexpr std::uint64_t shared_item = std::uint64_t{1} << 62;
// Streams of one sample.
constexpr std::uint32_t noise_block = 1U << 16;

// `count` uniform numbers in [0, 1) with 53 bits.
std::vector<double> uniform_numbers(const CounterRandom& random, std::uint64_t item,
                                    std::size_t count) {
  std::vector<double> result;
  for (std::uint32_t block = 0; result.size() < count; ++block) {
    const auto words = random.bits(item, 0, block);
    for (std::size_t w = 0; w < 4 && result.size() < count; w += 2) {
      const std::uint64_t bits = (static_cast<std::uint64_t>(words[w]) << 32 | words[w + 1]) >> 11;
      result.push_back(static_cast<double>(bits) * 0x1p-53);
    }
  }
  return result;
}

std::vector<float> normal_numbers(const CounterRandom& random, std::uint64_t item,
                                  std::uint32_t first, std::size_t count) {
  std::vector<float> result;
  for (std::uint32_t block = first; result.size() < count; ++block) {
    const auto words = random.bits(item, 0, block);
    for (std::size_t w = 0; w < 4 && result.size() < count; w += 2) {
      for (const float value : normal_pair(words[w], words[w + 1])) {
        if (result.size() < count) result.push_back(value);
      }
    }
  }
  return result;
}

std::uint8_t tenth(double share) {
  return static_cast<std::uint8_t>(std::clamp(static_cast<int>(share * 10), 0, 9));
}

// Spreads a point's ink over the four nearest pixels; what lies outside is dropped.
void add_ink(double x, double y, std::array<double, image_side * image_side>& image) {
  const double left = std::floor(x);
  const double top = std::floor(y);
  for (int dy = 0; dy < 2; ++dy) {
    for (int dx = 0; dx < 2; ++dx) {
      const double column = left + dx;
      const double row = top + dy;
      if (!(column >= 0 && column < image_side && row >= 0 && row < image_side)) continue;
      const double share = (1 - std::fabs(x - column)) * (1 - std::fabs(y - row));
      image[static_cast<std::size_t>(row) * image_side + static_cast<std::size_t>(column)] +=
          ink * share;
    }
  }
}

// A 5 x 5 Gaussian kernel of deviation `blur`, normalised.
void smooth(const std::array<double, image_side * image_side>& image, std::span<float> sample) {
  std::array<double, 5> kernel{};
  double sum = 0;
  for (int i = 0; i < 5; ++i)
    sum += kernel[static_cast<std::size_t>(i)] = std::exp(-0.5 * (i - 2) * (i - 2) / (blur * blur));
  for (double& value : kernel) value /= sum;
  for (Index r = 0; r < image_side; ++r) {
    for (Index c = 0; c < image_side; ++c) {
      double value = 0;
      for (Index dr = std::max<Index>(-2, -r); dr <= std::min<Index>(2, image_side - 1 - r); ++dr) {
        for (Index dc = std::max<Index>(-2, -c); dc <= std::min<Index>(2, image_side - 1 - c);
             ++dc) {
          value += kernel[static_cast<std::size_t>(dr + 2)] *
                   kernel[static_cast<std::size_t>(dc + 2)] *
                   image[static_cast<std::size_t>((r + dr) * image_side + c + dc)];
        }
      }
      sample[static_cast<std::size_t>(r * image_side + c)] =
          static_cast<float>(std::min(1.0, value));
    }
  }
}

void check(bool valid, const std::string& message) {
  if (!valid) throw Error(ErrorKind::usage, message);
}

}  // namespace

std::string_view name_of(Synthetic kind) {
  const auto* entry =
      std::ranges::find(names, kind, &std::pair<Synthetic, std::string_view>::first);
  require(entry != names.end(), "a synthetic data set without a name");
  return entry->second;
}

Synthetic synthetic_from(std::string_view name) {
  const auto* entry =
      std::ranges::find(names, name, &std::pair<Synthetic, std::string_view>::second);
  if (entry == names.end()) {
    throw Error(ErrorKind::usage,
                fmt::format("there is no data set '{}'; use one of: {}, superposition, cells", name,
                            fmt::join(synthetic_names(), ", ")));
  }
  return entry->first;
}

std::vector<std::string> synthetic_names() {
  std::vector<std::string> result;
  for (const auto& [kind, name] : names) result.emplace_back(name);
  return result;
}

SyntheticData::SyntheticData(const SyntheticSpec& spec) : spec_(spec) {
  check(spec.noise >= 0 && spec.noise < 1e6,
        fmt::format("--noise must not be negative, not {}", spec.noise));
  check(spec.dimension >= 0 && spec.dimension <= (Index{1} << 20),
        fmt::format("--dimension must be 1 to 1048576, not {}", spec.dimension));
  check(spec.components >= 1 && spec.components <= 256,
        fmt::format("--components must be 1 to 256, not {}", spec.components));
  check(spec.intrinsic >= 1 && spec.intrinsic <= 1024,
        fmt::format("--intrinsic must be 1 to 1024, not {}", spec.intrinsic));
  if (spec_.dimension == 0) spec_.dimension = spec.kind == Synthetic::manifold ? 100 : 10;
  const CounterRandom random(spec.seed, Purpose::generation);
  const auto shared = [&](std::uint64_t number, Index count) {
    return normal_numbers(random, shared_item + number, 0, static_cast<std::size_t>(count));
  };
  if (spec.kind == Synthetic::gaussian_mixture) {
    centres_ = shared(0, spec_.components * spec_.dimension);
    for (float& value : centres_) value *= 5;
  }
  if (spec.kind == Synthetic::manifold) {
    amplitudes_ = shared(0, spec_.dimension * manifold_terms);
    frequencies_ = shared(1, manifold_terms * spec_.intrinsic);
    for (const double u : uniform_numbers(random, shared_item + 2, manifold_terms)) {
      phases_.push_back(static_cast<float>(2 * std::numbers::pi * u));
    }
  }
}

std::vector<Index> SyntheticData::sample_shape() const {
  if (spec_.kind == Synthetic::curves) return {image_side, image_side};
  return {features()};
}

Index SyntheticData::features() const {
  switch (spec_.kind) {
    case Synthetic::curves:
      return image_side * image_side;
    case Synthetic::swiss_roll:
    case Synthetic::s_curve:
      return 3;
    case Synthetic::gaussian_mixture:
    case Synthetic::manifold:
      return spec_.dimension;
  }
  return 0;
}

Index SyntheticData::latent_size() const {
  switch (spec_.kind) {
    case Synthetic::curves:
      return 6;
    case Synthetic::swiss_roll:
    case Synthetic::s_curve:
      return 2;
    case Synthetic::gaussian_mixture:
      return 1;
    case Synthetic::manifold:
      return spec_.intrinsic;
  }
  return 0;
}

void SyntheticData::make(Index number, std::span<float> sample, std::span<float> latent,
                         std::uint8_t& label) const {
  const CounterRandom random(spec_.seed, Purpose::generation);
  const auto item = static_cast<std::uint64_t>(number);
  const auto u = uniform_numbers(random, item, static_cast<std::size_t>(latent_size()));
  label = tenth(u[0]);
  switch (spec_.kind) {
    case Synthetic::curves:
      make_curve(u, sample, latent);
      label = tenth((static_cast<double>(latent[0]) - 2) / 20);
      break;
    case Synthetic::swiss_roll: {
      const double t = 1.5 * std::numbers::pi * (1 + 2 * u[0]);
      latent[0] = static_cast<float>(t);
      latent[1] = sample[1] = static_cast<float>(21 * u[1]);
      sample[0] = static_cast<float>(t * std::cos(t));
      sample[2] = static_cast<float>(t * std::sin(t));
      break;
    }
    case Synthetic::s_curve: {
      const double t = 3 * std::numbers::pi * (u[0] - 0.5);
      latent[0] = static_cast<float>(t);
      latent[1] = sample[1] = static_cast<float>(2 * u[1]);
      sample[0] = static_cast<float>(std::sin(t));
      sample[2] = static_cast<float>(std::copysign(1.0, t) * (std::cos(t) - 1));
      break;
    }
    case Synthetic::gaussian_mixture: {
      label = static_cast<std::uint8_t>(u[0] * static_cast<double>(spec_.components));
      latent[0] = label;
      const auto normal = normal_numbers(random, item, 1, sample.size());
      for (std::size_t j = 0; j < sample.size(); ++j)
        sample[j] = centres_[label * sample.size() + j] + normal[j];
      break;
    }
    case Synthetic::manifold: {
      for (std::size_t d = 0; d < u.size(); ++d) latent[d] = static_cast<float>(2 * u[d] - 1);
      std::array<double, manifold_terms> waves{};
      for (std::size_t k = 0; k < waves.size(); ++k) {
        double angle = static_cast<double>(phases_[k]);
        for (std::size_t d = 0; d < u.size(); ++d)
          angle += static_cast<double>(frequencies_[k * u.size() + d]) * (2 * u[d] - 1);
        waves[k] = std::cos(angle) / std::sqrt(static_cast<double>(manifold_terms));
      }
      for (std::size_t j = 0; j < sample.size(); ++j) {
        double value = 0;
        for (std::size_t k = 0; k < waves.size(); ++k)
          value += static_cast<double>(amplitudes_[j * waves.size() + k]) * waves[k];
        sample[j] = static_cast<float>(value);
      }
      break;
    }
  }
  if (spec_.noise > 0) add_noise(number, sample);
}

// Three points with coordinates in [2, 26], each x at least 2 beyond the one before; the parabola
// through them, inked at 60 evenly spaced x.
void SyntheticData::make_curve(std::span<const double> uniform, std::span<float> sample,
                               std::span<float> latent) const {
  std::array<double, 3> x = {uniform[0], uniform[1], uniform[2]};
  std::ranges::sort(x);
  std::array<double, 3> y{};
  for (std::size_t i = 0; i < 3; ++i) {
    x[i] = 2 + 20 * x[i] + 2 * static_cast<double>(i);
    y[i] = 2 + 24 * uniform[3 + i];
    latent[2 * i] = static_cast<float>(x[i]);
    latent[2 * i + 1] = static_cast<float>(y[i]);
  }
  std::array<double, image_side * image_side> image{};
  for (int point = 0; point < ink_points; ++point) {
    const double at = x[0] + (x[2] - x[0]) * point / (ink_points - 1);
    const double height = y[0] * (at - x[1]) * (at - x[2]) / ((x[0] - x[1]) * (x[0] - x[2])) +
                          y[1] * (at - x[0]) * (at - x[2]) / ((x[1] - x[0]) * (x[1] - x[2])) +
                          y[2] * (at - x[0]) * (at - x[1]) / ((x[2] - x[0]) * (x[2] - x[1]));
    add_ink(at, height, image);
  }
  smooth(image, sample);
}

void SyntheticData::add_noise(Index number, std::span<float> sample) const {
  const CounterRandom random(spec_.seed, Purpose::generation);
  const auto normal =
      normal_numbers(random, static_cast<std::uint64_t>(number), noise_block, sample.size());
  for (std::size_t j = 0; j < sample.size(); ++j)
    sample[j] += static_cast<float>(spec_.noise) * normal[j];
}

}  // namespace hourglass
