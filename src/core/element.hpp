#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "core/element_type.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

/// Calls action(std::type_identity<T>{}) with the C++ type T of `type`'s elements and returns its
/// result.
template <class Action>
decltype(auto) with_element(ElementType type, Action&& action) {
  switch (type) {
    case ElementType::u8:
      return action(std::type_identity<std::uint8_t>{});
    case ElementType::i8:
      return action(std::type_identity<std::int8_t>{});
    case ElementType::u16:
      return action(std::type_identity<std::uint16_t>{});
    case ElementType::i16:
      return action(std::type_identity<std::int16_t>{});
    case ElementType::u32:
      return action(std::type_identity<std::uint32_t>{});
    case ElementType::i32:
      return action(std::type_identity<std::int32_t>{});
    case ElementType::u64:
      return action(std::type_identity<std::uint64_t>{});
    case ElementType::i64:
      return action(std::type_identity<std::int64_t>{});
    case ElementType::f32:
      return action(std::type_identity<float>{});
    case ElementType::f64:
      return action(std::type_identity<double>{});
  }
  throw Error(ErrorKind::bug, "internal error: unknown element type");
}

/// Element `i` of an array of T at `stored`, which needs no alignment.
template <class T>
T load_element(const std::byte* stored, std::size_t i) {
  T value;
  std::memcpy(&value, stored + i * sizeof(T), sizeof(T));
  return value;
}

}  // namespace hourglass
