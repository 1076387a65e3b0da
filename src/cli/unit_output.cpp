#include "cli/unit_output.hpp"

#include <fmt/format.h>

#include "core/text_list.hpp"

namespace hourglass {

namespace {

constexpr Index shown_features = 8;

}  // namespace

std::string unit_table(const UnitStudy& study, const Model& model, const InputTransform& outputs,
                       const std::vector<std::string>& names) {
  std::string text = "unit,use,share,top_samples,largest_features\n";
  for (Index unit = 0; unit < study.units(); ++unit) {
    const std::int64_t use = study.use[static_cast<std::size_t>(unit)];
    std::string samples;
    for (const UnitStudy::Top& top : study.best_of(unit)) {
      if (top.row < 0) break;
      samples += fmt::format("{}{}:{:.6g}", samples.empty() ? "" : " ", top.row, top.value);
    }
    std::string features;
    for (const AtomFeature& part :
         largest_features(atom_of(model, unit), outputs, shown_features)) {
      features += fmt::format("{}{}:{:.6g}", features.empty() ? "" : " ",
                              names.at(static_cast<std::size_t>(part.feature)), part.value);
    }
    text += fmt::format("{},{},{:.6g},{},{}\n", unit, use,
                        static_cast<double>(use) / static_cast<double>(study.samples), samples,
                        csv_field(features));
  }
  return text;
}

}  // namespace hourglass
