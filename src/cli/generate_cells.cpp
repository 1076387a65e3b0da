#include "cli/generate_cells.hpp"

#include <fmt/format.h>

#include <memory>

#include "hdf5/hdf5.hpp"
#include "hourglass/core/error.hpp"
#include "import/cell_counts.hpp"
#include "import/cell_file.hpp"

namespace hourglass {
namespace {

CellSpec read_spec(const Arguments& arguments) {
  CellSpec spec;
  // Cells are samples, by either name.
  const std::string count =
      arguments.has("samples") && !arguments.has("cells") ? "samples" : "cells";
  static_cast<void>(arguments.required(count));
  for (const char* option : {"noise", "dimension", "components", "intrinsic"}) {
    if (arguments.has(option)) {
      throw Error(ErrorKind::usage, fmt::format("--{} does not apply to cells", option));
    }
  }
  spec.cells = arguments.integer(count, 1, 1);
  spec.genes = arguments.integer("genes", spec.genes, 1);
  spec.seed = static_cast<std::uint64_t>(arguments.integer("seed", 1, 0));
  spec.groups = arguments.integer("groups", spec.groups, 1);
  spec.batches = arguments.integer("batches", spec.batches, 1);
  spec.library = arguments.number("library", spec.library);
  spec.library_spread = arguments.number("library-spread", spec.library_spread);
  spec.dispersion = arguments.number("dispersion", spec.dispersion);
  spec.group_effect = arguments.number("group-effect", spec.group_effect);
  spec.batch_effect = arguments.number("batch-effect", spec.batch_effect);
  spec.dropout = arguments.number("dropout", spec.dropout);
  return spec;
}

}  // namespace

std::vector<Option> cell_options() {
  return {
      {"cells", "cells", "Number of cells", "", false},
      {"genes", "cells", "Number of genes", "20000", false},
      {"groups", "cells", "Number of groups (cell types); a tenth of the genes mark each", "8",
       false},
      {"batches", "cells", "Number of batches", "2", false},
      {"library", "cells", "Median counts of a cell", "a tenth of the genes", false},
      {"library-spread", "cells", "Standard deviation of the logarithm of a cell's counts", "0.4",
       false},
      {"dispersion", "cells",
       "a in the variance mean + a mean^2 of a count: the median of the genes", "0.5", false},
      {"group-effect", "cells", "Standard deviation of the logarithm of a marker gene's factor",
       "1", false},
      {"batch-effect", "cells", "Standard deviation of the logarithm of a gene's factor in a batch",
       "0.3", false},
      {"dropout", "cells", "Probability that a count is lost, that is, stored as 0", "0.1", false},
      {"truth", "cells",
       "Also store the lost counts (layers/dropped) and the true shares of the genes "
       "(varm/shares)",
       "", true},
      {"compress", "cells", "Deflate level 0 to 9; above 0, rank 0 does all the work", "0", false},
  };
}

void generate_cells(const Communicator& world, const Arguments& arguments) {
  CellFile file;
  std::unique_ptr<CellCounts> cells;
  collectively(world, [&] {
    const CellSpec spec = read_spec(arguments);
    const DatasetAddress output = parse_address(arguments.required("output"));
    if (!output.path.empty()) {
      throw Error(ErrorKind::usage,
                  fmt::format("cells fill a whole file: use --output {}", output.file));
    }
    file.path = output.file;
    file.compression = static_cast<int>(arguments.integer("compress", 0, 0));
    if (file.compression > 9) {
      throw Error(ErrorKind::usage,
                  fmt::format("--compress must be 0 to 9, not {}", file.compression));
    }
    file.truth = arguments.flag("truth");
    file.origin = fmt::format("hourglass generate cells --seed {}", spec.seed);
    cells = std::make_unique<CellCounts>(spec);
  });
  const CellEntries entries = write_cells(world, *cells, file);
  if (!world.is_root()) return;
  const CellSpec& spec = cells->spec();
  const double all = static_cast<double>(spec.cells) * static_cast<double>(spec.genes);
  fmt::print(
      "{} holds {} cells x {} genes in X, {:.2f} % of the counts above 0; groups and batches are "
      "in obs{}\n",
      file.path, spec.cells, spec.genes, 100 * static_cast<double>(entries.kept) / all,
      file.truth ? fmt::format(", {} lost counts in layers/dropped", entries.lost) : "");
}

}  // namespace hourglass
