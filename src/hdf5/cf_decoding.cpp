#include "hdf5/cf_decoding.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>
#include <optional>
#include <type_traits>
#include <utility>

#include "hdf5/foreign_attributes.hpp"
#include "hdf5/netcdf.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass::hdf5 {

namespace {

template <class T>
std::uint64_t bits_from(T value) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  return bits;
}

// The number as one of type T, or nothing when no stored number can equal it. Signed numbers stand
// for the unsigned ones of the same bits under _Unsigned.
template <class T>
std::optional<std::uint64_t> bits_as(const Number& number, ElementType type) {
  return std::visit(
      [&]<class N>(N value) -> std::optional<std::uint64_t> {
        if constexpr (std::is_floating_point_v<T>) {
          return bits_from<T>(static_cast<T>(value));
        } else if constexpr (std::is_floating_point_v<N>) {
          constexpr double limit = 9007199254740992.0;  // exact up to here
          if (!(std::fabs(value) <= limit) || value != std::trunc(value)) return std::nullopt;
          return bits_as<T>(Number(static_cast<std::int64_t>(value)), type);
        } else {
          if (std::in_range<T>(value)) return bits_from<T>(static_cast<T>(value));
          const bool same_bits = std::is_unsigned_v<T> && size_of(type) == sizeof(T);
          return same_bits ? std::optional(bits_from<T>(static_cast<T>(value))) : std::nullopt;
        }
      },
      number);
}

std::optional<std::uint64_t> stored_bits(const Number& number, ElementType type,
                                         ElementType stored) {
  switch (stored) {
    case ElementType::u8:
      return bits_as<std::uint8_t>(number, type);
    case ElementType::i8:
      return bits_as<std::int8_t>(number, type);
    case ElementType::u16:
      return bits_as<std::uint16_t>(number, type);
    case ElementType::i16:
      return bits_as<std::int16_t>(number, type);
    case ElementType::u32:
      return bits_as<std::uint32_t>(number, type);
    case ElementType::i32:
      return bits_as<std::int32_t>(number, type);
    case ElementType::u64:
      return bits_as<std::uint64_t>(number, type);
    case ElementType::i64:
      return bits_as<std::int64_t>(number, type);
    case ElementType::f32:
      return bits_as<float>(number, type);
    case ElementType::f64:
      return bits_as<double>(number, type);
  }
  return std::nullopt;
}

double as_double(const Number& number) {
  return std::visit([](auto value) { return static_cast<double>(value); }, number);
}

// The fill values of netCDF's library (NC_FILL_*), which its readers mask where no attribute says
// otherwise.
std::optional<std::uint64_t> default_fill(ElementType type) {
  switch (type) {
    case ElementType::i16:
      return bits_from<std::int16_t>(-32767);
    case ElementType::u16:
      return bits_from<std::uint16_t>(65535);
    case ElementType::i32:
      return bits_from<std::int32_t>(-2147483647);
    case ElementType::u32:
      return bits_from<std::uint32_t>(4294967295U);
    case ElementType::i64:
      return bits_from<std::int64_t>(-9223372036854775806LL);
    case ElementType::u64:
      return bits_from<std::uint64_t>(18446744073709551614ULL);
    case ElementType::f32:
      return bits_from<float>(9.9692099683868690e+36F);
    case ElementType::f64:
      return bits_from<double>(9.9692099683868690e+36);
    default:
      return std::nullopt;
  }
}

// A variable of netCDF's "no fill" mode is never filled.
bool is_filled(hid_t dataset) {
  const Handle creation(H5Dget_create_plist(dataset), H5Pclose);
  H5D_fill_time_t time = H5D_FILL_TIME_IFSET;
  if (creation.get() >= 0) H5Pget_fill_time(creation.get(), &time);
  return time != H5D_FILL_TIME_NEVER;
}

ElementType unsigned_type(ElementType type) {
  switch (type) {
    case ElementType::i8:
      return ElementType::u8;
    case ElementType::i16:
      return ElementType::u16;
    case ElementType::i32:
      return ElementType::u32;
    case ElementType::i64:
      return ElementType::u64;
    default:
      return type;
  }
}

bool is_true(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text == "true";
}

struct Packing {
  double scale = 1;
  double offset = 0;
  bool present = false;
  bool wide = false;  ///< given in double
};

Packing read_packing(hid_t dataset, const std::string& name) {
  Packing packing;
  const auto read = [&](const char* attribute, double& value) {
    const Numbers numbers = numbers_attribute(dataset, attribute, name);
    if (numbers.values.empty()) return;
    value = as_double(numbers.values.front());
    packing.present = true;
    packing.wide = packing.wide || numbers.type == ElementType::f64;
    if (numbers.values.size() > 1 || !std::isfinite(value)) {
      throw Error(ErrorKind::data, name + ": its attribute " + attribute +
                                       " is not one finite number, so its values cannot be told; "
                                       "correct or remove the attribute");
    }
  };
  read("scale_factor", packing.scale);
  read("add_offset", packing.offset);
  return packing;
}

void read_missing(hid_t dataset, Decoding& decoding, const std::string& name) {
  for (const char* attribute : {"_FillValue", "missing_value"}) {
    const Numbers numbers = numbers_attribute(dataset, attribute, name);
    for (const Number& number : numbers.values) {
      const auto bits = stored_bits(number, numbers.type, decoding.stored);
      if (!bits || std::isnan(as_double(number))) continue;
      if (std::ranges::find(decoding.missing, *bits) == decoding.missing.end())
        decoding.missing.push_back(*bits);
    }
  }
}

// One bound, in what it is compared with.
double bound_of(const Numbers& numbers, std::size_t i, Decoding& decoding, bool packed) {
  const double number = as_double(numbers.values[i]);
  decoding.bounds_unpacked = packed && is_integer(decoding.stored) && !is_integer(numbers.type);
  if (decoding.stored == ElementType::f32) return static_cast<float>(number);
  // A signed bound of unsigned numbers, as for fill values.
  const bool reinterpreted = number < 0 && name_of(decoding.stored).starts_with('u') &&
                             size_of(numbers.type) == size_of(decoding.stored);
  return reinterpreted ? number + std::ldexp(1.0, static_cast<int>(8 * size_of(decoding.stored)))
                       : number;
}

void read_bounds(hid_t dataset, Decoding& decoding, bool packed, const std::string& name) {
  const Numbers range = numbers_attribute(dataset, "valid_range", name);
  if (!range.values.empty() && range.values.size() != 2) {
    throw Error(ErrorKind::data, name + ": its attribute valid_range has " +
                                     std::to_string(range.values.size()) +
                                     " numbers instead of 2; correct or remove the attribute");
  }
  if (!range.values.empty()) {
    decoding.low = bound_of(range, 0, decoding, packed);
    decoding.high = bound_of(range, 1, decoding, packed);
  }
  const Numbers low = numbers_attribute(dataset, "valid_min", name);
  if (!low.values.empty()) decoding.low = bound_of(low, 0, decoding, packed);
  const Numbers high = numbers_attribute(dataset, "valid_max", name);
  if (!high.values.empty()) decoding.high = bound_of(high, 0, decoding, packed);
}

}  // namespace

Decoding cf_decoding(hid_t file, hid_t dataset, ElementType stored, const std::string& name) {
  Decoding decoding;
  const bool is_unsigned = is_true(text_attribute(dataset, "_Unsigned"));
  decoding.stored = is_unsigned ? unsigned_type(stored) : stored;
  const Packing packing = read_packing(dataset, name);
  decoding.scale = packing.scale;
  decoding.offset = packing.offset;
  read_missing(dataset, decoding, name);
  read_bounds(dataset, decoding, packing.present, name);
  const bool netcdf = is_netcdf(file) || has_foreign_attribute(dataset, "_Netcdf4Dimid");
  const bool by_default =
      netcdf && !has_foreign_attribute(dataset, "_FillValue") && is_filled(dataset);
  const auto fill = by_default ? default_fill(decoding.stored) : std::nullopt;
  if (fill && (decoding.decodes() || packing.present || !is_integer(decoding.stored))) {
    decoding.missing.push_back(*fill);
  } else {
    decoding.unwritten = fill;
  }
  const bool wide =
      stored == ElementType::f64 || packing.wide || (is_integer(stored) && size_of(stored) > 2);
  decoding.result = !decoding.decodes() ? decoding.stored
                    : wide              ? ElementType::f64
                                        : ElementType::f32;
  return decoding;
}

}  // namespace hourglass::hdf5
