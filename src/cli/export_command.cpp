#include <fmt/format.h>

#include <filesystem>
#include <optional>

#include "cli/command.hpp"
#include "core/edit_distance.hpp"
#include "export/export.hpp"
#include "export/saelens.hpp"
#include "hourglass/core/error.hpp"
#include "system/atomic_file.hpp"

namespace hourglass {
namespace {

// A folder, which appears when both files are in it.
void export_saelens(const Model& model, const std::string& folder) {
  const SaelensWeights weights = saelens_weights(model);
  const std::filesystem::path made = folder + ".partial";
  std::error_code error;
  std::filesystem::create_directories(made, error);
  if (error)
    throw Error(ErrorKind::io, fmt::format("{}: cannot be created: {}", folder, error.message()));
  const std::string tensors = saelens_tensors(weights);
  write_text_atomically((made / saelens_weights_name).string(), tensors);
  write_text_atomically((made / saelens_configuration_name).string(),
                        saelens_configuration(weights));
  std::filesystem::rename(made, folder, error);
  if (error)
    throw Error(ErrorKind::io, fmt::format("{}: cannot be created: {}", folder, error.message()));
  fmt::print("{} holds {} bytes of {} and {}\n", folder, tensors.size(), saelens_weights_name,
             saelens_configuration_name);
}

// The graph, and beside it, where it is asked for or needed, the numbers of its large tensors.
void export_onnx(const Model& model, const Arguments& arguments, const std::string& output) {
  const ModelPart part = model_part_from(arguments.get("part", "autoencoder"));
  const bool normalized_input = arguments.flag("normalized-input");
  const Units units = units_from(arguments.get("units", "network"));
  std::optional<AtomicFile> data;
  Index data_bytes = 0;
  OnnxExternalData external;
  if (arguments.flag("external-data") || needs_external_data(model, part)) {
    const std::string path = output + ".data";
    require_new(path);
    data.emplace(path);
    external.location = std::filesystem::path(path).filename().string();
    external.write = [&](std::string_view bytes) {
      data->write(bytes);
      data_bytes += static_cast<Index>(bytes.size());
    };
  }
  const std::string bytes =
      to_onnx(model, part, normalized_input, units, data ? &external : nullptr);
  AtomicFile file(output);
  file.write(bytes);
  if (data) data->commit();
  file.commit();
  fmt::print("{} holds {} bytes of onnx\n", output, bytes.size());
  if (data) fmt::print("{}.data beside it holds {} bytes of parameters\n", output, data_bytes);
}

void run_export(const Arguments& arguments) {
  const std::vector<std::string> formats = {"onnx", "safetensors", "torch"};
  if (arguments.positional.empty())
    throw Error(ErrorKind::usage,
                "name a format: hourglass export onnx|safetensors|torch --model M --output FILE");
  const std::string& format = arguments.positional.front();
  const std::string output = arguments.required("output");
  const std::string layout = arguments.get("layout", "hourglass");
  if (layout != "hourglass" && layout != "saelens") {
    throw Error(ErrorKind::usage, fmt::format("unknown --layout '{}': hourglass, saelens", layout));
  }
  if (layout != "hourglass" && format != "safetensors") {
    throw Error(ErrorKind::usage,
                fmt::format("--layout {} is one of safetensors, not of {}", layout, format));
  }
  require_new(output);
  const Model model = load_model(arguments.required("model"));
  if (format != "onnx" && (arguments.has("part") || arguments.has("normalized-input") ||
                           arguments.has("units") || arguments.has("external-data"))) {
    throw Error(ErrorKind::usage,
                "--part, --normalized-input, --units and --external-data apply to onnx only; other "
                "formats hold all parameters");
  }
  if (layout == "saelens") return export_saelens(model, output);
  if (format == "onnx") return export_onnx(model, arguments, output);
  std::string bytes;
  if (format == "safetensors") {
    bytes = to_safetensors(model);
  } else if (format == "torch") {
    bytes = to_torch(model);
  } else {
    throw Error(ErrorKind::usage,
                fmt::format("unknown format '{}': {}{}", format, fmt::join(formats, ", "),
                            suggestion(format, formats)));
  }
  write_text_atomically(output, bytes);
  fmt::print("{} holds {} bytes of {}\n", output, bytes.size(), format);
}

}  // namespace

Command export_command() {
  return {
      "export",
      "Export a model to ONNX, safetensors or PyTorch",
      "hourglass export onnx|safetensors|torch --model run/model.h5 --output FILE\n       "
      "hourglass export "
      "safetensors --layout saelens --model run/model.h5 --output FOLDER",
      "onnx: one graph from \"input\" to \"output\". torch: safetensors with the names of a "
      "state_dict of\n"
      "torch.nn.ModuleDict({\"encoder\": Sequential(...), \"decoder\": Sequential(...)}); see "
      "docs/formats.md.\n",
      {{"model", "input", "Model or checkpoint file", "", false},
       {"part", "onnx",
        "encoder (samples to codes), decoder (codes to reconstructions) or autoencoder",
        "autoencoder", false},
       {"normalized-input", "onnx",
        "The graph takes normalized samples instead of normalizing stored ones itself", "", true},
       {"units", "onnx",
        "Units of reconstructions: network (normalised), or data (as stored): the graph ends with "
        "the inverse of the normalization",
        "network", false},
       {"external-data", "onnx",
        "Write the parameters to OUTPUT.data beside the ONNX file, as is done by itself above the "
        "2 "
        "GiB that such a file holds",
        "", true},
       {"layout", "safetensors",
        "hourglass (the tensors as they are named here), or saelens: a folder for SAELens, of a "
        "sparse code between one layer on either side, with the normalization folded in",
        "hourglass", false},
       {"output", "output", "File to write; with --layout saelens the folder", "", false},
       {"help", "output", "Show this text", "", true}},
      1,
      false,
      run_export};
}

}  // namespace hourglass
