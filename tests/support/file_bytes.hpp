#pragma once

#include <fstream>
#include <iterator>
#include <string>

namespace hourglass::io_test {

inline std::string read_bytes(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

inline void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

/// One byte of a file has another value while the object lives.
class ByteInFile {
 public:
  ByteInFile(const std::string& path, std::size_t position, char value, char restored)
      : stream_(path, std::ios::binary | std::ios::in | std::ios::out),
        position_(position),
        restored_(restored) {
    put(value);
  }
  ~ByteInFile() { put(restored_); }
  ByteInFile(const ByteInFile&) = delete;
  ByteInFile& operator=(const ByteInFile&) = delete;

 private:
  void put(char value) { stream_.seekp(static_cast<std::streamoff>(position_)).put(value).flush(); }

  std::fstream stream_;
  std::size_t position_;
  char restored_;
};

}  // namespace hourglass::io_test
