// Writes samples as the reader of every command delivers them, for comparison with what other tools
// read: read_samples ADDRESS OUTPUT prints type and shape and writes the values, row-major.
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "hdf5/hdf5.hpp"
#include "hourglass/core/error.hpp"

int main(int argc, char** argv) {
  using namespace hourglass;
  const std::vector<std::string> words(argv, argv + argc);
  if (words.size() != 3) return static_cast<int>(ErrorKind::usage);
  try {
    const DatasetReader reader(parse_address(words[1]));
    const DatasetInfo& info = reader.info();
    std::string line(name_of(info.type));
    for (const Index extent : info.shape) line += " " + std::to_string(extent);
    std::vector<std::byte> values(static_cast<std::size_t>(info.rows() * info.row_bytes()));
    reader.read_rows({0, info.rows()}, values);
    std::ofstream(words[2], std::ios::binary)
        .write(reinterpret_cast<const char*>(values.data()),
               static_cast<std::streamsize>(values.size()));
    std::puts(line.c_str());
  } catch (const Error& error) {
    std::fprintf(stderr, "hourglass: %s\n", error.what());
    return static_cast<int>(error.kind());
  }
  return 0;
}
