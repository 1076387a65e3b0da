#include "import/superposition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/random.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

// Items above all sample numbers: those of the atoms, and the offset.
constexpr std::uint64_t first_atom = std::uint64_t{1} << 61;
constexpr std::uint64_t offset_item = std::uint64_t{1} << 62;
// Streams of one sample.
constexpr std::uint32_t code_stream = 0;
constexpr std::uint32_t noise_stream = 1;

/// Uniform numbers in [0, 1) with 53 bits, one after the other.
class UniformNumbers {
 public:
  UniformNumbers(const CounterRandom& random, std::uint64_t item) : random_(random), item_(item) {}

  double next() {
    if (place_ == words_.size()) {
      words_ = random_.bits(item_, code_stream, block_++);
      place_ = 0;
    }
    const std::uint64_t high = words_[place_];
    const std::uint64_t low = words_[place_ + 1];
    place_ += 2;
    return static_cast<double>((high << 32 | low) >> 11) * 0x1p-53;
  }

 private:
  const CounterRandom& random_;
  std::uint64_t item_;
  std::uint32_t block_ = 0;
  std::array<std::uint32_t, 4> words_{};
  std::size_t place_ = 4;
};

// Adds scale times standard normal numbers.
void add_normal(const CounterRandom& random, std::uint64_t item, std::uint32_t stream, double scale,
                std::span<float> values) {
  for (std::size_t i = 0; i < values.size(); i += 4) {
    const auto words = random.bits(item, stream, static_cast<std::uint32_t>(i / 4));
    for (std::size_t w = 0; w < 4; w += 2) {
      const auto pair = normal_pair(words[w], words[w + 1]);
      for (std::size_t p = 0; p < 2; ++p) {
        if (i + w + p < values.size())
          values[i + w + p] += static_cast<float>(scale * static_cast<double>(pair[p]));
      }
    }
  }
}

// A uniformly random direction, times a length.
void make_direction(const CounterRandom& random, std::uint64_t item, double length,
                    std::span<float> vector) {
  add_normal(random, item, 0, 1, vector);
  double squares = 0;
  for (const float x : vector) squares += static_cast<double>(x) * static_cast<double>(x);
  const double factor = squares > 0 ? length / std::sqrt(squares) : 0;
  for (float& x : vector) x = static_cast<float>(factor * static_cast<double>(x));
}

void check(bool valid, const std::string& message) {
  if (!valid) throw Error(ErrorKind::usage, message);
}

void check_spec(const SuperpositionSpec& spec) {
  constexpr Index most = Index{1} << 20;
  check(spec.atoms >= 1 && spec.atoms <= most,
        fmt::format("--atoms must be 1 to {}, not {}", most, spec.atoms));
  check(spec.dimension >= 1 && spec.dimension <= most,
        fmt::format("--dimension must be 1 to {}, not {}", most, spec.dimension));
  check(spec.active >= 1 && 2 * spec.active <= spec.atoms + 1,
        fmt::format("--active must be 1 to {}, half of --atoms, not {}", (spec.atoms + 1) / 2,
                    spec.active));
  check(spec.exponent >= 0 && spec.exponent <= 2,
        fmt::format("--exponent must be 0 to 2, not {}", spec.exponent));
  check(spec.noise >= 0 && spec.noise < 1e6,
        fmt::format("--noise must not be negative, not {}", spec.noise));
  check(spec.offset >= 0 && spec.offset < 1e6,
        fmt::format("--offset must not be negative, not {}", spec.offset));
}

}  // namespace

Superposition::Superposition(const SuperpositionSpec& spec) : spec_(spec) {
  check_spec(spec);
  const CounterRandom random(spec.seed, Purpose::generation);
  const auto dimension = static_cast<std::size_t>(spec.dimension);
  atoms_.resize(static_cast<std::size_t>(spec.atoms) * dimension);
  double sum = 0;
  for (std::size_t j = 0; j < static_cast<std::size_t>(spec.atoms); ++j) {
    make_direction(random, first_atom + j, 1, std::span(atoms_).subspan(j * dimension, dimension));
    sums_.push_back(sum += std::pow(static_cast<double>(j + 1), -spec.exponent));
  }
  offset_.resize(dimension);
  if (spec.offset > 0) make_direction(random, offset_item, spec.offset, offset_);
}

void Superposition::make(Index number, std::span<float> sample, std::span<std::int32_t> which,
                         std::span<float> much) const {
  const CounterRandom random(spec_.seed, Purpose::generation);
  const auto item = static_cast<std::uint64_t>(number);
  UniformNumbers uniform(random, item);
  for (std::size_t k = 0; k < which.size();) {
    const double place = uniform.next() * sums_.back();
    const auto found = std::upper_bound(sums_.begin(), sums_.end() - 1, place);
    const auto atom = static_cast<std::int32_t>(found - sums_.begin());
    const auto drawn = which.first(k);
    if (std::ranges::find(drawn, atom) == drawn.end()) which[k++] = atom;
  }
  std::ranges::sort(which);
  std::ranges::copy(offset_, sample.begin());
  for (std::size_t k = 0; k < which.size(); ++k) {
    much[k] = static_cast<float>(0.5 + uniform.next());
    const float* const atom = atoms_.data() + static_cast<std::size_t>(which[k]) * sample.size();
    for (std::size_t f = 0; f < sample.size(); ++f) sample[f] += much[k] * atom[f];
  }
  if (spec_.noise > 0) add_normal(random, item, noise_stream, spec_.noise, sample);
}

}  // namespace hourglass
