#include "cli/anndata_output.hpp"

#include <fmt/format.h>

#include "hdf5/address_list.hpp"
#include "hourglass/core/error.hpp"
#include "import/anndata_layout.hpp"
#include "system/atomic_file.hpp"

namespace hourglass {

std::vector<Option> anndata_output_options(const std::string& key) {
  return {{"in-place", "output",
           "Add the result to the AnnData file that holds the samples: the file as it was or with "
           "the result, whenever the command ends",
           "", true},
          {"key", "output", "Name of the result in an AnnData file", key, false}};
}

bool plan_anndata_output(const Arguments& arguments, const DatasetReader& samples,
                         const AnnDataPlace& place, OutputPlan& plan) {
  const bool in_place = arguments.flag("in-place");
  if (in_place && arguments.has("output")) {
    throw Error(ErrorKind::usage,
                "--in-place writes to the file of the samples: leave out --output or --in-place");
  }
  DatasetAddress output;
  if (!in_place) {
    if (arguments.has("output")) output = parse_address(arguments.get("output"));
    if (!output.file.ends_with(".h5ad") || !output.path.empty()) {
      if (arguments.has("key"))
        throw Error(ErrorKind::usage, "--key needs an AnnData file: --output FILE.h5ad");
      return false;
    }
  }
  const DatasetInfo& info = samples.info();
  const DatasetAddress& data = info.address;
  if (names_several(data) || names_side_by_side(data)) {
    throw Error(ErrorKind::usage, fmt::format("{}: is several data sets, but the output is a copy "
                                              "of one AnnData file: give one --data",
                                              to_string(data)));
  }
  const RowViews& views = data.options.views;
  const std::string key = arguments.get("key", place.key);
  if (key.empty() || key.find('/') != std::string::npos)
    throw Error(ErrorKind::usage, fmt::format("--key must be a name without /, not '{}'", key));
  AnnDataLayout::Facts facts = AnnDataLayout::facts_of(data.file, "/" + place.group + "/" + key);
  // A layer has the file's variables in the file's order.
  const bool obsm = place.group == "layers" &&
                    (plan.width != facts.variables || !data.options.column_order.empty());
  plan.name = fmt::format("/{}/{}", obsm ? "obsm" : place.group, key);
  if (obsm) facts = AnnDataLayout::facts_of(data.file, plan.name);
  const bool chosen = !views.rows.empty() || views.part != DataPart::all || views.window > 0;
  if (chosen || info.rows() != facts.observations) {
    throw Error(ErrorKind::usage,
                fmt::format("{}: {} samples were chosen of the {} rows of an AnnData file, which "
                            "takes results for all: write to --output FILE.h5",
                            to_string(data), info.rows(), facts.observations));
  }
  if (facts.holds_path) {
    throw Error(ErrorKind::usage, fmt::format("{}:{}: already exists; give another name with --key",
                                              data.file, plan.name));
  }
  if (!in_place) require_new(output.file);
  plan.output = {in_place ? data.file : output.file, ""};
  plan.anndata_source = data.file;
  return true;
}

}  // namespace hourglass
