#include <fmt/format.h>

#include <filesystem>

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
  if (format != "onnx" &&
      (arguments.has("part") || arguments.has("normalized-input") || arguments.has("units"))) {
    throw Error(ErrorKind::usage,
                "--part, --normalized-input and --units apply to onnx only; other formats hold all "
                "parameters");
  }
  if (layout == "saelens") return export_saelens(model, output);
  std::string bytes;
  if (format == "onnx") {
    bytes =
        to_onnx(model, model_part_from(arguments.get("part", "autoencoder")),
                arguments.flag("normalized-input"), units_from(arguments.get("units", "network")));
  } else if (format == "safetensors") {
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
