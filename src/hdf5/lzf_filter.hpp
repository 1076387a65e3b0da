#pragma once

namespace hourglass::hdf5 {

/// Number of the filter LZF, which h5py registered with the HDF Group.
inline constexpr int lzf_filter = 32000;

/// Teaches the library to read chunks that h5py compressed with LZF. Throws Error(io).
void register_lzf_filter();

}  // namespace hourglass::hdf5
