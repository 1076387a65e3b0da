#include "hdf5/narrow_type.hpp"

namespace hourglass::hdf5 {

namespace {

// IEEE's fields, the sign in the highest bit and an implied leading 1.
bool has_fields(hid_t type, std::size_t exponent_bits, std::size_t exponent_bias) {
  constexpr std::size_t sign_bit = 15;
  const std::size_t fraction_bits = sign_bit - exponent_bits;
  std::size_t sign = 0;
  std::size_t exponent = 0;
  std::size_t exponent_size = 0;
  std::size_t fraction = 0;
  std::size_t fraction_size = 0;
  return H5Tget_fields(type, &sign, &exponent, &exponent_size, &fraction, &fraction_size) >= 0 &&
         sign == sign_bit && exponent == fraction_bits && exponent_size == exponent_bits &&
         fraction == 0 && fraction_size == fraction_bits && H5Tget_ebias(type) == exponent_bias &&
         H5Tget_norm(type) == H5T_NORM_IMPLIED &&
         (H5Tget_order(type) == H5T_ORDER_LE || H5Tget_order(type) == H5T_ORDER_BE);
}

}  // namespace

NarrowFloat narrow_float(hid_t type, const std::string& dtype) {
  const H5T_class_t kind = H5Tget_class(type);
  if (H5Tget_size(type) != 2) return NarrowFloat::none;
  if (kind == H5T_INTEGER) {
    const bool marked = H5Tget_sign(type) == H5T_SGN_NONE && dtype == "bfloat16";
    return marked ? NarrowFloat::bfloat16 : NarrowFloat::none;
  }
  if (kind != H5T_FLOAT) return NarrowFloat::none;
  if (has_fields(type, 5, 15)) return NarrowFloat::float16;
  return has_fields(type, 8, 127) ? NarrowFloat::bfloat16 : NarrowFloat::none;
}

Handle narrow_memory_type(hid_t type, const std::string& name) {
  const char* const what = "its type cannot be read";
  Handle memory(checked(H5Tcopy(type), name, what), H5Tclose);
  const hid_t native = H5T_NATIVE_UINT16;
  checked(H5Tset_order(memory.get(), H5Tget_order(native)), name, what);
  return memory;
}

}  // namespace hourglass::hdf5
