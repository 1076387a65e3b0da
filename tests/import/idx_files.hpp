#pragma once

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace hourglass {

/// The bytes of an IDX file, made one element at a time from the format's description.
template <class T>
std::string idx_bytes(unsigned char code, const std::vector<std::uint32_t>& shape,
                      const std::vector<T>& values) {
  std::string bytes = {'\0', '\0', static_cast<char>(code), static_cast<char>(shape.size())};
  for (const std::uint32_t extent : shape) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(extent >> shift & 0xff);
  }
  for (const T& value : values) {
    char element[sizeof(T)];
    std::memcpy(element, &value, sizeof(T));
    std::reverse(element, element + sizeof(T));  // tests run on little-endian machines
    bytes.append(element, sizeof(T));
  }
  return bytes;
}

inline void write_plain(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string read_plain(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_gzip(const std::string& path, const std::string& bytes) {
  gzFile file = gzopen(path.c_str(), "wb");
  if (file == nullptr ||
      gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size())) !=
          static_cast<int>(bytes.size()) ||
      gzclose(file) != Z_OK) {
    throw std::runtime_error("cannot write " + path);
  }
}

}  // namespace hourglass
