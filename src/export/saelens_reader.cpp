#include "export/saelens_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "formats/safetensors.hpp"
#include "hourglass/core/error.hpp"
#include "system/byte_file.hpp"

namespace hourglass {

namespace {

[[noreturn]] void refuse(const std::string& file, const std::string& reason) {
  throw Error(ErrorKind::data, file + ": " + reason);
}

std::string path_in(const std::string& folder, const char* name) {
  return (std::filesystem::path(folder) / name).string();
}

/// cfg.json.
class Configuration {
 public:
  explicit Configuration(const std::string& path) : path_(path) {
    constexpr std::size_t most_bytes = std::size_t{1} << 20;
    const std::string text = read_text(path);
    if (text.size() > most_bytes) refuse(path, "is too long to be the configuration of a model");
    json_ = nlohmann::json::parse(text, nullptr, false);
    if (!json_.is_object()) refuse(path, "is not a JSON object");
  }

  [[nodiscard]] Index whole(const nlohmann::json& json, const char* name) const {
    const auto found = json.find(name);
    constexpr std::int64_t most = std::int64_t{1} << 31;
    if (found == json.end() || !found->is_number_integer() || found->get<std::int64_t>() < 1 ||
        found->get<std::int64_t>() > most)
      refuse(path_, fmt::format("{} is missing, or not a number of 1 to {}", name, most));
    return found->get<Index>();
  }
  [[nodiscard]] Index whole(const char* name) const { return whole(json_, name); }
  [[nodiscard]] std::string text(const char* name, const std::string& otherwise) const {
    const auto found = json_.find(name);
    if (found == json_.end() || found->is_null()) return otherwise;
    return found->is_string() ? found->get<std::string>() : found->dump().substr(0, 40);
  }
  [[nodiscard]] bool flag(const char* name, bool otherwise) const {
    const auto found = json_.find(name);
    if (found == json_.end() || found->is_null()) return otherwise;
    if (!found->is_boolean()) {
      refuse(path_, fmt::format("{} is {}, not a boolean: write true or false", name,
                                found->dump().substr(0, 40)));
    }
    return found->get<bool>();
  }
  [[nodiscard]] Index k() const {
    if (json_.contains("k")) return whole("k");
    for (const char* name : {"activation_fn_kwargs", "activation_fn_str_kwargs"}) {
      const auto found = json_.find(name);
      if (found != json_.end() && found->is_object() && found->contains("k"))
        return whole(*found, "k");
    }
    refuse(path_, "k is missing, the number of active units of topk");
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  nlohmann::json json_;
};

/// sae_weights.safetensors.
class Tensors {
 public:
  explicit Tensors(const std::string& path) : file_(path), header_(read_safetensors(file_)) {}

  [[nodiscard]] bool has(const char* name) const { return header_.find(name) != nullptr; }
  [[nodiscard]] std::vector<float> read(const char* name, const std::vector<Index>& shape) const {
    read_.emplace_back(name);
    const ArrayFormat format = tensor_format(header_, file_.path(), name);
    if (format.shape != shape || format.type != ElementType::f32) {
      refuse(file_.path(),
             fmt::format("tensor '{}' is {} numbers of {}, not {} of float32, float16 "
                         "or bfloat16",
                         name, shape_text(format.shape), name_of(format.type), shape_text(shape)));
    }
    const auto stored =
        file_.read_some(format.data_offset, checked_bytes(shape, format.stored_size()));
    std::vector<float> values(stored.size() / static_cast<std::size_t>(format.stored_size()));
    to_native(format, stored, std::as_writable_bytes(std::span(values)));
    if (!std::ranges::all_of(values, [](float value) { return std::isfinite(value); }))
      refuse(file_.path(), fmt::format("tensor '{}' holds a NaN or infinity", name));
    return values;
  }
  /// Throws for a tensor that was not read: the model would be another without it.
  void check_all_read(const std::string& architecture) const {
    for (const SafetensorsEntry& entry : header_.tensors) {
      if (std::ranges::find(read_, entry.name) != read_.end()) continue;
      refuse(file_.path(),
             fmt::format("tensor '{}' does not belong to a model of architecture {}: set the "
                         "architecture that it belongs to in {}, or remove it",
                         entry.name.substr(0, 40), architecture, saelens_configuration_name));
    }
  }

 private:
  ByteFile file_;
  SafetensorsHeader header_;
  mutable std::vector<std::string> read_;
};

void check_configuration(const Configuration& configuration) {
  const std::string normalization = configuration.text("normalize_activations", "none");
  if (normalization != "none") {
    refuse(configuration.path(),
           fmt::format("normalize_activations is '{}', which its weights do not hold: fold it in "
                       "SAELens (fold_activation_norm_scaling_factor) and save it with none",
                       normalization));
  }
  if (const std::string reshape = configuration.text("reshape_activations", "none");
      reshape != "none") {
    refuse(configuration.path(),
           fmt::format("reshape_activations is '{}', but only none can be read", reshape));
  }
}

// Of the units' values before the selection; topk selects among those of relu.
void check_activation(const Configuration& configuration, const std::string& architecture) {
  for (const char* name : {"activation_fn_str", "activation_fn"}) {
    const std::string activation = configuration.text(name, "relu");
    if (activation == "relu" || (activation == "topk" && architecture == "topk")) continue;
    refuse(configuration.path(),
           fmt::format("{} is '{}', but {} models are read with relu{}: use a model trained with "
                       "it",
                       name, activation, architecture, architecture == "topk" ? " or topk" : ""));
  }
}

// Factors of the units after the selection. Earlier versions of SAELens saved ones with every
// model.
void check_scaling(const Configuration& configuration, const Tensors& tensors, Index units) {
  const char* const name = "scaling_factor";
  const bool used = configuration.flag("finetuning_scaling_factor", false);
  if (!used && !tensors.has(name)) return;
  const std::vector<float> factors = tensors.read(name, {units});
  if (std::ranges::all_of(factors, [](float factor) { return factor == 1; })) return;
  refuse(configuration.path(),
         fmt::format("finetuning_scaling_factor is {}, with a tensor scaling_factor that is not 1: "
                     "multiply the rows of W_dec by it, remove the tensor and set "
                     "finetuning_scaling_factor to false",
                     used));
}

// Units that are scaled by the norms of their atoms before the selection, and back for decoding.
void fold_atom_norms(SaelensWeights& weights) {
  const auto d = static_cast<std::size_t>(weights.inputs);
  const auto n = static_cast<std::size_t>(weights.units);
  for (std::size_t j = 0; j < n; ++j) {
    double squares = 0;
    for (std::size_t c = 0; c < d; ++c) {
      const double value = weights.w_dec[j * d + c];
      squares += value * value;
    }
    if (squares == 0) continue;
    const double norm = std::sqrt(squares);
    for (std::size_t c = 0; c < d; ++c) {
      float& in = weights.w_enc[c * n + j];
      float& out = weights.w_dec[j * d + c];
      in = static_cast<float>(static_cast<double>(in) * norm);
      out = static_cast<float>(static_cast<double>(out) / norm);
    }
    weights.b_enc[j] = static_cast<float>(static_cast<double>(weights.b_enc[j]) * norm);
    if (!weights.b_mag.empty())
      weights.b_mag[j] = static_cast<float>(static_cast<double>(weights.b_mag[j]) * norm);
  }
}

}  // namespace

bool is_saelens_folder(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path_in(path, saelens_configuration_name), ignored) &&
         std::filesystem::is_regular_file(path_in(path, saelens_weights_name), ignored);
}

SaelensWeights read_saelens(const std::string& folder) {
  const Configuration configuration(path_in(folder, saelens_configuration_name));
  const Tensors tensors(path_in(folder, saelens_weights_name));
  check_configuration(configuration);
  SaelensWeights weights;
  weights.inputs = configuration.whole("d_in");
  weights.units = configuration.whole("d_sae");
  weights.architecture = configuration.text("architecture", "standard");
  const bool by_k =
      configuration.text("activation_fn_str", configuration.text("activation_fn", "")) == "topk";
  if (weights.architecture == "standard" && by_k) weights.architecture = "topk";
  if (weights.architecture == "topk") {
    weights.k = configuration.k();
    if (weights.k > weights.units) {
      refuse(configuration.path(),
             fmt::format("k is {}, above d_sae, {}", weights.k, weights.units));
    }
  } else if (weights.architecture != "jumprelu" && weights.architecture != "standard" &&
             weights.architecture != "gated") {
    refuse(configuration.path(),
           fmt::format("its architecture is '{}'; standard, topk, jumprelu and gated "
                       "can be read",
                       weights.architecture.substr(0, 40)));
  }
  check_activation(configuration, weights.architecture);
  weights.apply_b_dec_to_input = configuration.flag("apply_b_dec_to_input", true);
  weights.w_enc = tensors.read("W_enc", {weights.inputs, weights.units});
  const bool gated = weights.architecture == "gated";
  weights.b_enc = tensors.read(gated ? "b_gate" : "b_enc", {weights.units});
  if (gated) {
    weights.r_mag = tensors.read("r_mag", {weights.units});
    weights.b_mag = tensors.read("b_mag", {weights.units});
  }
  weights.w_dec = tensors.read("W_dec", {weights.units, weights.inputs});
  weights.b_dec = tensors.read("b_dec", {weights.inputs});
  if (weights.architecture == "jumprelu")
    weights.threshold = tensors.read("threshold", {weights.units});
  check_scaling(configuration, tensors, weights.units);
  tensors.check_all_read(weights.architecture);
  if (configuration.flag("rescale_acts_by_decoder_norm", false)) fold_atom_norms(weights);
  return weights;
}

}  // namespace hourglass
