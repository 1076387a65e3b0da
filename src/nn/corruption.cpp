#include "nn/corruption.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/random.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr std::array<std::pair<Corruption, std::string_view>, 6> names = {{
    {Corruption::none, "none"},
    {Corruption::gaussian, "gaussian"},
    {Corruption::masking, "masking"},
    {Corruption::salt_pepper, "salt-pepper"},
    {Corruption::block, "block"},
    {Corruption::stripes, "stripes"},
}};

// The noise of one sample.
struct SampleNoise {
  const CounterRandom& random;
  std::uint64_t id;
  std::uint32_t epoch;

  [[nodiscard]] std::array<std::uint32_t, 4> words(Index block) const {
    return random.bits(id, epoch, static_cast<std::uint32_t>(block));
  }
};

// Calls pick(element, word) for every element with a 32-bit word of its own.
template <class Pick>
void for_each_word(const SampleNoise& noise, Index count, Pick pick) {
  for (Index begin = 0; begin < count; begin += 4) {
    const auto words = noise.words(begin / 4);
    for (Index i = 0; i < std::min<Index>(4, count - begin); ++i)
      pick(begin + i, words[static_cast<std::size_t>(i)]);
  }
}

void add_gaussian(const SampleNoise& noise, float deviation, std::span<float> x, float* mask) {
  const auto count = static_cast<Index>(x.size());
  for (Index begin = 0; begin < count; begin += 4) {
    const auto words = noise.words(begin / 4);
    const auto [a, b] = normal_pair(words[0], words[1]);
    const auto [c, d] = normal_pair(words[2], words[3]);
    const std::array<float, 4> normal = {a, b, c, d};
    for (Index i = 0; i < std::min<Index>(4, count - begin); ++i) {
      x[static_cast<std::size_t>(begin + i)] += deviation * normal[static_cast<std::size_t>(i)];
    }
  }
  if (mask != nullptr) std::fill_n(mask, count, 1.0F);
}

void set_masked(std::span<float> x, float* mask, Index element, float value) {
  x[static_cast<std::size_t>(element)] = value;
  if (mask != nullptr) mask[element] = 1.0F;
}

void zero_rectangle(const ImageShape& image, Index top, Index left, Index height, Index width,
                    std::span<float> x, float* mask) {
  for (Index r = top; r < top + height; ++r) {
    for (Index i = (r * image.width + left) * image.channels;
         i < (r * image.width + left + width) * image.channels; ++i) {
      set_masked(x, mask, i, 0.0F);
    }
  }
}

// A number in 0..count-1 from a word.
Index pick_below(std::uint32_t word, Index count) {
  return static_cast<Index>(
      (static_cast<std::uint64_t>(word) * static_cast<std::uint64_t>(count)) >> 32);
}

void zero_block(const SampleNoise& noise, double share, const ImageShape& image, std::span<float> x,
                float* mask) {
  const auto words = noise.words(0);
  const double aspect = std::exp2(2.0 * static_cast<double>(uniform_unit(words[0])) - 1.0);
  const double area = share * static_cast<double>(image.height * image.width);
  const auto bounded = [](double extent, Index limit) {
    return std::clamp<Index>(std::llround(extent), 0, limit);
  };
  const Index height = bounded(std::sqrt(area * aspect), image.height);
  const Index width = height == 0 ? 0 : bounded(area / static_cast<double>(height), image.width);
  zero_rectangle(image, pick_below(words[1], image.height - height + 1),
                 pick_below(words[2], image.width - width + 1), height, width, x, mask);
}

void zero_stripes(const SampleNoise& noise, float share, const ImageShape& image,
                  std::span<float> x, float* mask) {
  const bool rows = (noise.words(0)[0] >> 31) == 0;
  const Index count = rows ? image.height : image.width;
  for (Index begin = 0; begin < count; begin += 4) {
    const auto words = noise.words(1 + begin / 4);
    for (Index i = 0; i < std::min<Index>(4, count - begin); ++i) {
      if (uniform_unit(words[static_cast<std::size_t>(i)]) >= share) continue;
      if (rows) {
        zero_rectangle(image, begin + i, 0, 1, image.width, x, mask);
      } else {
        zero_rectangle(image, 0, begin + i, image.height, 1, x, mask);
      }
    }
  }
}

void corrupt_row(const CorruptionSpec& spec, const ImageShape& image, const SampleNoise& noise,
                 std::span<float> x, float* mask) {
  const auto count = static_cast<Index>(x.size());
  const auto strength = static_cast<float>(spec.strength);
  switch (spec.kind) {
    case Corruption::none:
      return;
    case Corruption::gaussian:
      return add_gaussian(noise, strength, x, mask);
    case Corruption::masking:
      return for_each_word(noise, count, [&](Index i, std::uint32_t word) {
        if (uniform_unit(word) < strength) set_masked(x, mask, i, 0.0F);
      });
    case Corruption::salt_pepper:
      // The lowest bit, not among the 24 that decide whether to corrupt, decides between 0 and 1.
      return for_each_word(noise, count, [&](Index i, std::uint32_t word) {
        if (uniform_unit(word) < strength) set_masked(x, mask, i, static_cast<float>(word & 1U));
      });
    case Corruption::block:
      return zero_block(noise, spec.strength, image, x, mask);
    case Corruption::stripes:
      return zero_stripes(noise, strength, image, x, mask);
  }
}

}  // namespace

std::string_view name_of(Corruption corruption) {
  const auto* entry =
      std::ranges::find(names, corruption, &std::pair<Corruption, std::string_view>::first);
  require(entry != names.end(), "a corruption without a name");
  return entry->second;
}

Corruption corruption_from(std::string_view name) {
  const auto* entry =
      std::ranges::find(names, name, &std::pair<Corruption, std::string_view>::second);
  if (entry == names.end()) {
    throw Error(ErrorKind::usage, fmt::format("unknown corruption '{}'; use one of: {}", name,
                                              fmt::join(corruption_names(), ", ")));
  }
  return entry->first;
}

std::vector<std::string> corruption_names() {
  std::vector<std::string> result;
  for (const auto& [corruption, name] : names) result.emplace_back(name);
  return result;
}

bool is_structured(Corruption corruption) {
  return corruption == Corruption::block || corruption == Corruption::stripes;
}

void check_corruption(const CorruptionSpec& spec) {
  const double limit = spec.kind == Corruption::gaussian ? 1e6 : 1.0;
  if (!(spec.strength >= 0 && spec.strength <= limit)) {
    throw Error(
        ErrorKind::usage,
        fmt::format(
            "--corruption-strength {} does not fit --corruption {}: use a number from 0 to {:g}",
            spec.strength, name_of(spec.kind), limit));
  }
}

void corrupt(const CorruptionSpec& spec, const ImageShape& image, const PassContext& context,
             ConstMatrix clean, Matrix corrupted, Matrix mask) {
  require(clean.rows == corrupted.rows && clean.columns == corrupted.columns,
          "a corrupted copy of another shape");
  require(static_cast<Index>(context.sample_ids.size()) >= clean.rows,
          "corruption of samples without ids");
  require(!is_structured(spec.kind) || image.size() == clean.columns,
          "an image shape that does not fit the samples");
  const CounterRandom random(context.seed, Purpose::corruption);
  for (Index r = 0; r < clean.rows; ++r) {
    std::ranges::copy(clean.row(r), corrupted.row(r).begin());
    float* row_mask = nullptr;
    if (!mask.empty()) {
      std::ranges::fill(mask.row(r), 0.0F);
      row_mask = mask.row(r).data();
    }
    corrupt_row(spec, image,
                {random, context.sample_ids[static_cast<std::size_t>(r)], context.epoch},
                corrupted.row(r), row_mask);
  }
}

}  // namespace hourglass
