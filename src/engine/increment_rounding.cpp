#include "engine/increment_rounding.hpp"

#include <array>

namespace hourglass {

namespace {

constexpr const char* residual_group = "/optimizer/wire_residual";

}  // namespace

IncrementRounding::IncrementRounding(GradientExchange& exchange)
    : exchange_(exchange), residual_(exchange.wire() == Wire::int8 ? exchange.owned_floats() : 0) {}

void IncrementRounding::round(Index begin, Index state_offset, std::span<const float> before,
                              std::span<float> parameters) {
  const Wire wire = exchange_.wire();
  std::array<float, cell_floats> wanted;
  std::array<float, cell_floats> rounded;
  const auto size = static_cast<Index>(parameters.size());
  for (Index first = 0; first < size; first += cell_floats) {
    const float* const from = before.data() + first;
    float* const to = parameters.data() + first;
    float* const residual =
        residual_.size() > 0 ? residual_.data() + state_offset + first : nullptr;
    for (Index i = 0; i < cell_floats; ++i) wanted[static_cast<std::size_t>(i)] = to[i] - from[i];
    if (residual != nullptr) {
      for (Index i = 0; i < cell_floats; ++i) wanted[static_cast<std::size_t>(i)] += residual[i];
    }
    WireWord* const words = exchange_.increments().data() + wire_words(wire, begin + first);
    encode(wire, wanted.data(), cell_floats, words);
    decode(wire, words, cell_floats, rounded.data());
    for (Index i = 0; i < cell_floats; ++i) to[i] = from[i] + rounded[static_cast<std::size_t>(i)];
    if (residual == nullptr) continue;
    for (std::size_t i = 0; i < rounded.size(); ++i) residual[i] = wanted[i] - rounded[i];
  }
}

std::vector<StoredArena> IncrementRounding::stored(std::span<const StoredTensor> tensors) const {
  std::vector<StoredArena> arenas;
  if (exchange_.wire() == Wire::int8) {
    arenas.push_back(stored_segment(residual_group, exchange_.owned(), residual_.span(), tensors));
  }
  return arenas;
}

Index IncrementRounding::load(const StateFile& file) {
  if (exchange_.wire() != Wire::int8) return 0;
  return read_arena_ranges(exchange_.communicator(), file, residual_group, exchange_.owned(),
                           residual_.span());
}

}  // namespace hourglass
