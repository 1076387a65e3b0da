#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>

#include "hourglass/core/types.hpp"

namespace hourglass {

namespace detail {
/// `bytes` zeroed bytes, 64-byte aligned; large blocks ask the kernel for huge pages. Throws
/// Error(io) when memory is short.
std::byte* allocate_aligned(std::size_t bytes);
/// The bytes of `size` elements of `element` bytes each. Throws Error(io), as when memory is short,
/// where they exceed the address space.
std::size_t bytes_of(Index size, std::size_t element);
void free_aligned(std::byte* memory) noexcept;
struct FreeAligned {
  void operator()(std::byte* memory) const noexcept { free_aligned(memory); }
};
}  // namespace detail

/// Whether large buffers that are made from now on take memory only where they are written, instead
/// of all of it at once: for arenas of which this process uses a part. Of the whole process.
void allocate_lazily(bool on);

/// A move-only, zero-initialised, 64-byte-aligned array of trivial elements. Its size never
/// changes.
template <class T>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Buffer() = default;
  explicit Buffer(Index size)
      : memory_(detail::allocate_aligned(detail::bytes_of(size, sizeof(T)))), size_(size) {}

  [[nodiscard]] T* data() { return reinterpret_cast<T*>(memory_.get()); }
  [[nodiscard]] const T* data() const { return reinterpret_cast<const T*>(memory_.get()); }
  [[nodiscard]] Index size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::span<T> span() { return {data(), static_cast<std::size_t>(size_)}; }
  [[nodiscard]] std::span<const T> span() const {
    return {data(), static_cast<std::size_t>(size_)};
  }
  [[nodiscard]] T& operator[](Index i) { return data()[i]; }
  [[nodiscard]] const T& operator[](Index i) const { return data()[i]; }

 private:
  std::unique_ptr<std::byte[], detail::FreeAligned> memory_;
  Index size_ = 0;
};

}  // namespace hourglass
