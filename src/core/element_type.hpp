#pragma once

#include <string_view>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// Numeric element types as samples are read: in native byte order.
enum class ElementType { u8, i8, u16, i16, u32, i32, u64, i64, f32, f64 };

[[nodiscard]] Index size_of(ElementType type);
[[nodiscard]] std::string_view name_of(ElementType type);  ///< as in NumPy: "uint8", "float32"
[[nodiscard]] bool is_integer(ElementType type);
/// Sets `type` to the integer type of that many bytes; false when there is none.
[[nodiscard]] bool integer_type(Index bytes, bool is_signed, ElementType& type);

}  // namespace hourglass
