#include "core/element_type.hpp"

#include <array>
#include <cstddef>

namespace hourglass {

namespace {

struct TypeRow {
  ElementType type;
  std::string_view name;
  Index bytes;
  bool integer;
};

constexpr std::array<TypeRow, 10> type_table = {{
    {ElementType::u8, "uint8", 1, true},
    {ElementType::i8, "int8", 1, true},
    {ElementType::u16, "uint16", 2, true},
    {ElementType::i16, "int16", 2, true},
    {ElementType::u32, "uint32", 4, true},
    {ElementType::i32, "int32", 4, true},
    {ElementType::u64, "uint64", 8, true},
    {ElementType::i64, "int64", 8, true},
    {ElementType::f32, "float32", 4, false},
    {ElementType::f64, "float64", 8, false},
}};

const TypeRow& row_of(ElementType type) { return type_table[static_cast<std::size_t>(type)]; }

}  // namespace

Index size_of(ElementType type) { return row_of(type).bytes; }
std::string_view name_of(ElementType type) { return row_of(type).name; }
bool is_integer(ElementType type) { return row_of(type).integer; }

bool integer_type(Index bytes, bool is_signed, ElementType& type) {
  for (const TypeRow& row : type_table) {
    const bool row_signed = row.name.front() == 'i';
    if (row.integer && row.bytes == bytes && row_signed == is_signed) {
      type = row.type;
      return true;
    }
  }
  return false;
}

}  // namespace hourglass
