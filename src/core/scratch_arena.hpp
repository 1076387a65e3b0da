#pragma once

#include <memory>
#include <span>
#include <type_traits>

#include "hourglass/core/error.hpp"
#include "hourglass/core/matrix_view.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// Divides scratch memory (not owned, aligned to 64 bytes) into matrices and arrays, one after the
/// other, each beginning at a whole cell of 64 floats. Takes nothing from the heap; its results
/// live as long as the memory. The size that a configuration needs is a sum of floats_of().
class ScratchArena {
 public:
  explicit ScratchArena(std::span<float> memory) : memory_(memory) {}

  /// Floats that allocate(rows, columns) takes.
  [[nodiscard]] static constexpr Index floats_of(Index rows, Index columns) {
    return round_up(rows * columns, cell_floats);
  }
  /// Floats that allocate_array<T>(count) takes.
  template <class T>
  [[nodiscard]] static constexpr Index floats_of_array(Index count) {
    constexpr auto float_bytes = static_cast<Index>(sizeof(float));
    const Index bytes = count * static_cast<Index>(sizeof(T));
    return round_up((bytes + float_bytes - 1) / float_bytes, cell_floats);
  }

  /// A rows x columns matrix, not initialised. Throws Error(bug) when too little memory is left.
  [[nodiscard]] Matrix allocate(Index rows, Index columns) {
    return {allocate_floats(floats_of(rows, columns)), rows, columns};
  }
  /// `count` value-initialised elements. Throws Error(bug) when too little memory is left.
  template <class T>
  [[nodiscard]] std::span<T> allocate_array(Index count) {
    static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= 64);
    T* const begin = reinterpret_cast<T*>(allocate_floats(floats_of_array<T>(count)));
    std::uninitialized_value_construct_n(begin, count);
    return {begin, static_cast<std::size_t>(count)};
  }
  /// The memory that is left.
  [[nodiscard]] std::span<float> rest() const { return memory_; }

 private:
  [[nodiscard]] float* allocate_floats(Index floats) {
    require(floats <= static_cast<Index>(memory_.size()), "too little scratch memory");
    float* const begin = memory_.data();
    memory_ = memory_.subspan(static_cast<std::size_t>(floats));
    return begin;
  }

  std::span<float> memory_;
};

}  // namespace hourglass
