#pragma once

#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace hourglass {

/// A safetensors file: eight bytes of length, a JSON header of that length, the tensors.
struct SafetensorsReader {
  explicit SafetensorsReader(const std::string& bytes) {
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), 8);
    header = nlohmann::json::parse(bytes.substr(8, length));
    data = bytes.substr(8 + length);
    aligned = length % 8 == 0;
  }

  [[nodiscard]] std::vector<float> tensor(const std::string& name) const {
    const auto begin = header.at(name).at("data_offsets").at(0).get<std::size_t>();
    const auto end = header.at(name).at("data_offsets").at(1).get<std::size_t>();
    std::vector<float> values((end - begin) / sizeof(float));
    std::memcpy(values.data(), data.data() + begin, end - begin);
    return values;
  }
  [[nodiscard]] std::vector<Index> shape(const std::string& name) const {
    return header.at(name).at("shape").get<std::vector<Index>>();
  }
  [[nodiscard]] std::string metadata(const std::string& key) const {
    return header.at("__metadata__").at(key).get<std::string>();
  }

  nlohmann::json header;
  std::string data;
  bool aligned = false;
};

}  // namespace hourglass
