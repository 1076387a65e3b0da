#include "nn/initializer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/random.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

struct Name {
  Initialization initialization;
  std::string_view name;
};

constexpr std::array names = {
    Name{Initialization::glorot_uniform, "glorot-uniform"},
    Name{Initialization::glorot_normal, "glorot-normal"},
    Name{Initialization::he_uniform, "he-uniform"},
    Name{Initialization::he_normal, "he-normal"},
    Name{Initialization::lecun_uniform, "lecun-uniform"},
    Name{Initialization::lecun_normal, "lecun-normal"},
    Name{Initialization::pytorch, "pytorch"},
    Name{Initialization::sparse, "sparse"},
};

// The counter's epoch field separates the two uses of a tensor's numbers.
constexpr std::uint32_t value_stream = 0;
constexpr std::uint32_t position_stream = 1;

// Martens (2010), section 5.
constexpr Index sparse_connections = 15;

using Words = std::array<std::uint32_t, 4>;

// The random words of one tensor.
class TensorRandom {
 public:
  TensorRandom(std::uint64_t seed, Slot slot)
      : random_(seed, Purpose::initialization), slot_(static_cast<std::uint64_t>(slot)) {}

  [[nodiscard]] Words bits(std::uint32_t stream, std::uint64_t block) const {
    // The block field has 32 bits; further bits of a huge tensor's block are above all slot
    // numbers.
    return random_.bits(slot_ | (block >> 32) << 32, stream, static_cast<std::uint32_t>(block));
  }
  [[nodiscard]] float normal(Index element) const {
    return normals(element / 4)[static_cast<std::size_t>(element % 4)];
  }
  [[nodiscard]] std::array<float, 4> normals(Index block) const {
    const Words words = bits(value_stream, static_cast<std::uint64_t>(block));
    const auto [a, b] = normal_pair(words[0], words[1]);
    const auto [c, d] = normal_pair(words[2], words[3]);
    return {a, b, c, d};
  }
  [[nodiscard]] std::array<float, 4> units(Index block) const {
    const Words words = bits(value_stream, static_cast<std::uint64_t>(block));
    return {uniform_unit(words[0]), uniform_unit(words[1]), uniform_unit(words[2]),
            uniform_unit(words[3])};
  }

 private:
  CounterRandom random_;
  std::uint64_t slot_;
};

// Values of a tensor, the first of which is its element `begin`.
struct Elements {
  Index begin = 0;
  std::span<float> values;
};

// `four(block)` gives elements 4 * block ... 4 * block + 3.
template <class Four>
void fill_blocks(const Elements& elements, const Four& four) {
  const auto size = static_cast<Index>(elements.values.size());
  for (Index i = 0; i < size;) {
    const Index element = elements.begin + i;
    const std::array<float, 4> block = four(element / 4);
    const Index count = std::min(4 - element % 4, size - i);
    std::copy_n(block.begin() + element % 4, count, elements.values.begin() + i);
    i += count;
  }
}

// U(-limit, limit)
void fill_uniform(const TensorRandom& random, double limit, const Elements& elements) {
  fill_blocks(elements, [&](Index block) {
    auto four = random.units(block);
    for (float& value : four)
      value = static_cast<float>(limit * (2.0 * static_cast<double>(value) - 1.0));
    return four;
  });
}

// N(0, deviation^2)
void fill_normal(const TensorRandom& random, double deviation, const Elements& elements) {
  fill_blocks(elements, [&](Index block) {
    auto four = random.normals(block);
    for (float& value : four) value = static_cast<float>(deviation * static_cast<double>(value));
    return four;
  });
}

// `count` distinct positions below `size`, all sets equally likely: Floyd's algorithm (Bentley &
// Floyd 1987).
class DistinctPositions {
 public:
  DistinctPositions(const TensorRandom& random, Index unit, Index count, Index size) {
    Words words{};
    for (Index draw = 0; draw < count; ++draw) {
      const auto pair = static_cast<std::size_t>(draw % 2) * 2;
      if (pair == 0)
        words = random.bits(position_stream, static_cast<std::uint64_t>(unit * 8 + draw / 2));
      const Index last = size - count + draw;
      const std::uint64_t number =
          (static_cast<std::uint64_t>(words[pair + 1]) << 32) | words[pair];
      const Index position = static_cast<Index>(number % static_cast<std::uint64_t>(last + 1));
      positions_[static_cast<std::size_t>(draw)] =
          std::ranges::find(begin(), begin() + draw, position) == begin() + draw ? position : last;
    }
    count_ = count;
  }
  [[nodiscard]] const Index* begin() const { return positions_.data(); }
  [[nodiscard]] const Index* end() const { return positions_.data() + count_; }

 private:
  std::array<Index, sparse_connections> positions_{};
  Index count_ = 0;
};

void fill_sparse(const TensorRandom& random, Index inputs, const Elements& elements) {
  const Index end = elements.begin + static_cast<Index>(elements.values.size());
  for (Index unit = elements.begin / inputs; unit * inputs < end; ++unit) {
    for (const Index input :
         DistinctPositions(random, unit, std::min(sparse_connections, inputs), inputs)) {
      const Index element = unit * inputs + input;
      if (element < elements.begin || element >= end) continue;
      elements.values[static_cast<std::size_t>(element - elements.begin)] = random.normal(element);
    }
  }
}

void fill(const Tensor& tensor, const TensorRole& role, Initialization initialization,
          std::uint64_t seed, const Elements& values) {
  if (role.constant) {
    std::ranges::fill(values.values, *role.constant);
    return;
  }
  if (role.bias && initialization != Initialization::pytorch) return;
  const TensorRandom random(seed, role.slot);
  const auto inputs = static_cast<double>(role.fan_in);
  const auto both = static_cast<double>(role.fan_in + role.fan_out);
  switch (initialization) {
    case Initialization::glorot_uniform:
      return fill_uniform(random, std::sqrt(6.0 / both), values);
    case Initialization::glorot_normal:
      return fill_normal(random, std::sqrt(2.0 / both), values);
    case Initialization::he_uniform:
      return fill_uniform(random, std::sqrt(6.0 / inputs), values);
    case Initialization::he_normal:
      return fill_normal(random, std::sqrt(2.0 / inputs), values);
    case Initialization::lecun_uniform:
      return fill_uniform(random, std::sqrt(3.0 / inputs), values);
    case Initialization::lecun_normal:
      return fill_normal(random, std::sqrt(1.0 / inputs), values);
    case Initialization::pytorch:
      return fill_uniform(random, 1.0 / std::sqrt(inputs), values);
    case Initialization::sparse:
      return fill_sparse(
          random, tensor.shape.empty() ? tensor.size : tensor.size / tensor.shape.front(), values);
  }
  throw Error(ErrorKind::bug, "internal error: an initialization without a formula");
}

}  // namespace

std::string_view name_of(Initialization initialization) {
  const auto found = std::ranges::find(names, initialization, &Name::initialization);
  require(found != names.end(), "an initialization without a name");
  return found->name;
}

Initialization initialization_from(std::string_view name) {
  const auto found = std::ranges::find(names, name, &Name::name);
  if (found == names.end()) {
    throw Error(ErrorKind::usage, fmt::format("unknown initialization '{}'; use one of: {}", name,
                                              fmt::join(initialization_names(), ", ")));
  }
  return found->initialization;
}

std::vector<std::string> initialization_names() {
  std::vector<std::string> result;
  result.reserve(names.size());
  for (const Name& entry : names) result.emplace_back(entry.name);
  return result;
}

void initialize(const Layout& layout, std::span<const TensorRole> roles,
                Initialization initialization, std::uint64_t seed, std::span<float> parameters,
                std::span<const Range> parts) {
  const Range all{0, layout.size()};
  if (parts.empty()) parts = {&all, 1};
  require(static_cast<Index>(parameters.size()) == layout.size(),
          "an arena of another layout is initialized");
  std::vector<bool> done(layout.tensors().size(), false);
  for (const TensorRole& role : roles) {
    const auto slot = static_cast<std::size_t>(role.slot);
    require(role.slot >= 0 && slot < done.size(),
            "a tensor role names a slot that the layout lacks");
    require(role.fan_in > 0 && role.fan_out > 0, "a tensor role without fan-in or fan-out");
    if (done[slot]) continue;
    done[slot] = true;
    const Range range = layout.range(role.slot);
    const Tensor& tensor = layout.tensor(role.slot);
    for (const Range& part : parts) {
      const Index begin = std::max(range.begin, part.begin);
      const Index end = std::min(range.end, part.end);
      if (begin >= end) continue;
      const auto padded = parameters.subspan(static_cast<std::size_t>(begin),
                                             static_cast<std::size_t>(end - begin));
      std::ranges::fill(padded, 0.0F);
      const Index size = std::min(end, tensor.offset + tensor.size) - begin;
      if (size <= 0) continue;
      fill(tensor, role, initialization, seed,
           {begin - tensor.offset, padded.first(static_cast<std::size_t>(size))});
    }
  }
}

}  // namespace hourglass
