#pragma once

#include <string>

#include "hdf5/decoding.hpp"
#include "hdf5/hdf5_handle.hpp"

namespace hourglass::hdf5 {

/// How the numbers of a data set become values, by the attributes scale_factor, add_offset,
/// _FillValue, missing_value, valid_min, valid_max, valid_range and _Unsigned, and in netCDF files
/// by the default fill value of the type (of bytes, netCDF has none): integers without any of these
/// attributes stay integers, and only their decoding.unwritten is set. Bounds of a floating type on
/// packed integers are those of unpacked values (NetCDF Users Guide, Attribute Conventions). The
/// result is double where an attribute of the packing is, or where the integers need it, else
/// float. The caller holds the Lock. Throws Error(data) when an attribute cannot be understood.
[[nodiscard]] Decoding cf_decoding(hid_t file, hid_t dataset, ElementType stored,
                                   const std::string& name);

}  // namespace hourglass::hdf5
