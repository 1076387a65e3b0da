#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace hourglass::io_test {

/// A folder of its own that vanishes with the object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hourglass-io-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }
  [[nodiscard]] std::string path() const { return path_.string(); }
  [[nodiscard]] int entries() const {
    const std::filesystem::directory_iterator all(path_);
    return static_cast<int>(std::distance(begin(all), end(all)));
  }

 private:
  std::filesystem::path path_;
};

inline std::string read_bytes(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

inline void write_bytes(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

/// One byte of a file has another value while the object lives.
class ByteInFile {
 public:
  ByteInFile(const std::string& path, std::size_t position, char value, char restored)
      : stream_(path, std::ios::binary | std::ios::in | std::ios::out), position_(position), restored_(restored) {
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
