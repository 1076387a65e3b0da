#pragma once

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "export/export.hpp"
#include "run/model_file.hpp"
#include "run/version.hpp"

namespace hourglass {

/// A safetensors file: eight bytes with the length of a JSON header, the header, the bytes of the
/// tensors.
class SafetensorsFile {
 public:
  /// Without anything that a model says of itself.
  SafetensorsFile() { header_["__metadata__"] = {{"format", "pt"}}; }
  explicit SafetensorsFile(const Model& model) {
    header_["__metadata__"] = {{"format", "pt"},
                               {"producer", version()},
                               {"configuration", model.file.header.configuration},
                               {"weights_digest", model.file.weights_digest},
                               {"input_divisor", fmt::format("{}", model.transform.divisor)}};
    if (treats_missing(model))
      add_metadata("missing_values", nlohmann::ordered_json(model.config.missing_values).dump());
    const AutoencoderSpec& spec = model.network->spec();
    if (spec.loss == Loss::mixed) add_metadata("outputs", groups_text(spec.groups));
    if (distribution_of(spec.loss, spec.output_activation))
      add_metadata("counts", counts_text(spec));
  }

  void add_metadata(const std::string& key, const std::string& value) {
    header_["__metadata__"][key] = value;
  }

  void add(const std::string& name, const std::vector<Index>& shape, const float* values) {
    add(name, shape, "F32", values);
  }
  void add(const std::string& name, const std::vector<Index>& shape, const double* values) {
    add(name, shape, "F64", values);
  }

  [[nodiscard]] std::string bytes() const {
    std::string header = header_.dump();
    header.append((8 - header.size() % 8) % 8, ' ');
    std::string file;
    for (int i = 0; i < 8; ++i) file += static_cast<char>(header.size() >> (8 * i));
    return file + header + data_;
  }

 private:
  static std::string counts_text(const AutoencoderSpec& spec) {
    auto counts = nlohmann::ordered_json::object();
    if (spec.counts != Counts::none) counts["library"] = spec.library;
    if (spec.library_size == LibrarySize::latent)
      counts["library_prior"] = {spec.library_prior.mean, spec.library_prior.deviation};
    return counts.dump();
  }

  static std::string groups_text(const std::vector<OutputGroup>& groups) {
    auto list = nlohmann::ordered_json::array();
    for (const OutputGroup& group : groups) {
      const char* kind = group.kind == OutputGroup::Kind::linear    ? "linear"
                         : group.kind == OutputGroup::Kind::sigmoid ? "sigmoid"
                                                                    : "softmax";
      list.push_back({kind, group.features.begin, group.features.end});
    }
    return list.dump();
  }

  template <class T>
  void add(const std::string& name, const std::vector<Index>& shape, const char* type,
           const T* values) {
    std::size_t count = 1;
    for (const Index extent : shape) count *= static_cast<std::size_t>(extent);
    const std::size_t begin = data_.size();
    data_.append(reinterpret_cast<const char*>(values), count * sizeof(T));
    header_[name] = {{"dtype", type}, {"shape", shape}, {"data_offsets", {begin, data_.size()}}};
  }

  nlohmann::ordered_json header_;
  std::string data_;
};

}  // namespace hourglass
