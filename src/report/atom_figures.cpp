#include "report/atom_figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "analysis/unit_study.hpp"
#include "hourglass/core/owned_matrix.hpp"
#include "report/image_sheet.hpp"
#include "report/png.hpp"

namespace hourglass {

namespace {

constexpr Index atoms_per_line = 16;
constexpr Index shown_samples = 5;
constexpr Index shown_features = 5;

std::vector<Index> uses_of(const SampleStudy& study) {
  const ConstMatrix codes = study.codes_view();
  std::vector<Index> uses(static_cast<std::size_t>(codes.columns));
  for (Index r = 0; r < codes.rows; ++r) {
    for (std::size_t u = 0; u < uses.size(); ++u) uses[u] += codes.row(r)[u] > 0 ? 1 : 0;
  }
  return uses;
}

std::string top_samples(const SampleStudy& study, Index unit) {
  const ConstMatrix codes = study.codes_view();
  std::vector<Index> order(static_cast<std::size_t>(codes.rows));
  std::iota(order.begin(), order.end(), Index{0});
  const auto shown = std::min(shown_samples, codes.rows);
  std::ranges::partial_sort(order, order.begin() + shown, [&](Index a, Index b) {
    return codes(a, unit) > codes(b, unit) || (codes(a, unit) == codes(b, unit) && a < b);
  });
  std::string text;
  for (Index i = 0; i < shown; ++i) {
    const Index sample = order[static_cast<std::size_t>(i)];
    if (!(codes(sample, unit) > 0)) break;
    text += fmt::format("{}{} ({:.3g})", text.empty() ? "" : ", ",
                        study.rows[static_cast<std::size_t>(sample)], codes(sample, unit));
  }
  return text;
}

}  // namespace

std::vector<Index> most_used_units(const SampleStudy& study, Index most) {
  const std::vector<Index> uses = uses_of(study);
  std::vector<Index> units;
  for (std::size_t u = 0; u < uses.size(); ++u) {
    if (uses[u] > 0) units.push_back(static_cast<Index>(u));
  }
  std::ranges::stable_sort(units, std::ranges::greater{},
                           [&](Index unit) { return uses[static_cast<std::size_t>(unit)]; });
  units.resize(std::min(units.size(), static_cast<std::size_t>(most)));
  return units;
}

std::vector<Figure> atom_figures(const Model& model, std::span<const Index> units,
                                 const ImageShape& shape) {
  if (units.empty() || !is_drawable(shape, model.network->outputs())) return {};
  OwnedMatrix sheet(static_cast<Index>(units.size()), model.network->outputs());
  for (std::size_t i = 0; i < units.size(); ++i) {
    const std::vector<float> atom = atom_of(model, units[i]);
    float largest = 0;
    for (const float value : atom) largest = std::max(largest, std::fabs(value));
    // Each atom has its own scale, as first-layer filters have.
    const float scale = largest > 0 ? 1 / largest : 0;
    std::ranges::transform(atom, sheet.view().row(static_cast<Index>(i)).begin(),
                           [&](float value) { return value * scale; });
  }
  const std::string caption = fmt::format(
      "Atoms of the {} units that most samples use: what a unit adds to the reconstruction; grey "
      "is "
      "0, lighter positive, darker negative, each to its own scale",
      units.size());
  return {{png_element(image_sheet(sheet, shape, atoms_per_line, -1, 1), caption, 2), caption}};
}

std::vector<std::vector<std::string>> atom_rows(const Model& model, const SampleStudy& study,
                                                std::span<const Index> units,
                                                const std::vector<std::string>& names) {
  const std::vector<Index> uses = uses_of(study);
  const auto& outputs = model.has_target() ? model.target_transform : model.transform;
  std::vector<std::vector<std::string>> rows;
  for (const Index unit : units) {
    std::string features;
    for (const AtomFeature& part :
         largest_features(atom_of(model, unit), outputs, shown_features)) {
      features += fmt::format("{}{} ({:.3g})", features.empty() ? "" : ", ",
                              names.at(static_cast<std::size_t>(part.feature)), part.value);
    }
    const auto use = static_cast<double>(uses[static_cast<std::size_t>(unit)]);
    rows.push_back({std::to_string(unit),
                    fmt::format("{:.2f}", 100 * use / static_cast<double>(study.size())),
                    top_samples(study, unit), features});
  }
  return rows;
}

}  // namespace hourglass
