#pragma once

#include <string>

#include "core/narrow_float.hpp"
#include "hdf5/hdf5_handle.hpp"

namespace hourglass::hdf5 {

/// The two-byte floating-point format of a stored type: float16 and bfloat16 of HDF5's own kind,
/// and, since most writers have no such type for bfloat16, uint16 whose attribute `dtype` says
/// "bfloat16". The library converts them an element at a time, with a fifth of the speed of
/// widen(). The caller holds the Lock.
[[nodiscard]] NarrowFloat narrow_float(hid_t type, const std::string& dtype);

/// The type that makes the library deliver the bits of a narrow_float of its own kind, in this
/// machine's byte order. Throws Error(data).
[[nodiscard]] Handle narrow_memory_type(hid_t type, const std::string& name);

}  // namespace hourglass::hdf5
