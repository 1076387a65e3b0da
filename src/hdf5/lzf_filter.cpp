#include "hdf5/lzf_filter.hpp"

#include <hdf5.h>
#include <lzf.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <limits>

#include "hdf5/hdf5_handle.hpp"

namespace hourglass::hdf5 {

namespace {

// The client data are three numbers: revisions of the filter and of the format, and the bytes of a
// chunk. A chunk that does not shrink is stored as it is, and the library skips the filter for it.
constexpr std::size_t chunk_bytes_place = 2;

// Called by the library. Replaces `*buffer` by the unpacked bytes and returns their number, or 0.
std::size_t unpack(unsigned flags, std::size_t numbers, const unsigned* client_data,
                   std::size_t bytes, std::size_t* capacity, void** buffer) {
  if ((flags & H5Z_FLAG_REVERSE) == 0 || numbers <= chunk_bytes_place) return 0;
  const std::size_t chunk_bytes = client_data[chunk_bytes_place];
  constexpr std::size_t most = std::numeric_limits<unsigned>::max();
  if (chunk_bytes == 0 || bytes > most) return 0;
  // Filters before this one may have made the chunk longer, as checksums do.
  for (std::size_t room = chunk_bytes; room <= most; room *= 2) {
    void* unpacked = H5allocate_memory(room, false);
    if (unpacked == nullptr) return 0;
    errno = 0;
    const std::size_t size = lzf_decompress(*buffer, static_cast<unsigned>(bytes), unpacked,
                                            static_cast<unsigned>(room));
    if (size >= chunk_bytes) {
      H5free_memory(*buffer);
      *buffer = unpacked;
      *capacity = room;
      return size;
    }
    H5free_memory(unpacked);
    if (size != 0 || errno != E2BIG) return 0;
  }
  return 0;
}

}  // namespace

void register_lzf_filter() {
  const H5Z_class2_t filter = {H5Z_CLASS_T_VERS, lzf_filter, 0, 1, "lzf", nullptr, nullptr, unpack};
  checked(H5Zregister(&filter), "HDF5", "cannot register the LZF filter", ErrorKind::io);
}

}  // namespace hourglass::hdf5
