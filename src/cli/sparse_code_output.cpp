#include "cli/sparse_code_output.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "model/unit_use.hpp"

namespace hourglass {

namespace {

double dead_share(const SparseCodeStatistics& code) {
  return static_cast<double>(code.unused_units) / static_cast<double>(code.units);
}

}  // namespace

void print_sparse_code(const SparseCodeStatistics& code, bool histogram) {
  if (code.unexplained)
    fmt::print("fvu      {:.6f}   fraction of variance unexplained\n", *code.unexplained);
  fmt::print("sparse   {:.2f} of {} units active, averaged over samples; {} ({:.1f} %) never\n",
             code.active_units, code.units, code.unused_units, 100 * dead_share(code));
  if (code.cosine_atoms > 0) {
    fmt::print(
        "atoms    {:.4f} cosine with the nearest other one, averaged over {}; {:.1f} % above "
        "0.9\n",
        code.nearest_cosine, code.cosine_atoms, 100 * code.near_share);
  }
  if (!histogram) return;
  for (std::size_t bin = 0; bin < code.use_histogram.size(); ++bin) {
    fmt::print("  {:>12} of the samples: {} units\n", use_bin_name(bin), code.use_histogram[bin]);
  }
}

void add_sparse_code(const SparseCodeStatistics& code, nlohmann::ordered_json& json) {
  json["fvu"] = code.unexplained ? nlohmann::ordered_json(*code.unexplained) : nullptr;
  json["l0"] = code.active_units;
  json["code_units"] = code.units;
  json["dead_units"] = code.unused_units;
  json["dead_share"] = dead_share(code);
  json["use_histogram"] = code.use_histogram;
  if (code.cosine_atoms == 0) return;
  json["nearest_cosine"] = code.nearest_cosine;
  json["near_atom_share"] = code.near_share;
  json["cosine_atoms"] = code.cosine_atoms;
}

}  // namespace hourglass
