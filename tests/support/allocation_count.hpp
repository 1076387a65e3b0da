#pragma once

#include <atomic>
#include <cstdlib>
#include <new>

#include "hourglass/core/types.hpp"

/// Counts what a test program allocates: calls of operator new in every form, and of aligned_alloc,
/// which core/buffer.cpp uses. Include this header in one source file of a program: it replaces
/// those functions for the whole program. Sanitizers bring their own, which stay: nothing is
/// counted under them, and counts_allocations() says so.
namespace hourglass::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
[[nodiscard]] constexpr bool counts_allocations() { return false; }
#else
[[nodiscard]] constexpr bool counts_allocations() { return true; }
#endif

namespace detail {
inline std::atomic<bool> counting{false};
inline std::atomic<Index> allocations{0};

/// A place for a debugger's breakpoint: its callers are the allocations that are counted.
[[gnu::noinline]] inline void note_allocation() {
  allocations.fetch_add(1, std::memory_order_relaxed);
}

inline void* allocate(std::size_t size, std::size_t alignment) noexcept {
  if (counting.load(std::memory_order_relaxed)) note_allocation();
  void* memory = nullptr;
  const std::size_t bytes = size == 0 ? 1 : size;
  return posix_memalign(&memory, alignment, bytes) == 0 ? memory : nullptr;
}

inline void* allocate_or_throw(std::size_t size, std::size_t alignment) {
  void* const memory = allocate(size, alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

constexpr std::size_t default_alignment = __STDCPP_DEFAULT_NEW_ALIGNMENT__;
}  // namespace detail

/// The allocations of all threads of the process while `action` runs.
template <class Action>
Index count_allocations(Action&& action) {
  detail::allocations = 0;
  detail::counting = true;
  action();
  detail::counting = false;
  return detail::allocations;
}

}  // namespace hourglass::test

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

// Replacements must not be inline. The array and the sized forms of the standard library call
// these.
// NOLINTBEGIN(misc-definitions-in-headers)
[[gnu::noinline]] void* operator new(std::size_t size) {
  return hourglass::test::detail::allocate_or_throw(size,
                                                    hourglass::test::detail::default_alignment);
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return hourglass::test::detail::allocate(size, hourglass::test::detail::default_alignment);
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  return hourglass::test::detail::allocate_or_throw(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment,
                                     const std::nothrow_t&) noexcept {
  return hourglass::test::detail::allocate(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  return hourglass::test::detail::allocate(size, alignment);
}
// NOLINTEND(misc-definitions-in-headers)

#endif
