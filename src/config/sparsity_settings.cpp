#include "config/setting_rows.hpp"

namespace hourglass {

namespace {

Sparsity& of(TrainConfig& c) { return c.model.sparsity; }

}  // namespace

std::vector<Setting> sparsity_settings() {
  const std::string s = "sparse codes";
  return {
      formatted_setting(
          {"sparsity", s,
           "Sparse codes, whose cost is that of their active units: topk:K, batch-topk:K, "
           "jumprelu[:THRESHOLD], l1, gated, or none"},
          [](TrainConfig& c) -> SelectionSpec& { return of(c).selection; },
          [](const SelectionSpec& spec) { return to_string(spec); },
          [](const std::string& name, const std::string& text) {
            try {
              return selection_from(text);
            } catch (const Error& error) {
              throw Error(ErrorKind::usage, fmt::format("--{}: {}", name, error.what()));
            }
          }),
      number_setting({"l0", s, "jumprelu: weight of the number of active units"},
                     [](TrainConfig& c) -> double& { return of(c).l0; }),
      formatted_setting(
          {"l0-warmup", s, "jumprelu: linear warm-up of --l0 from 0, e.g. 5epochs or 2000steps"},
          [](TrainConfig& c) -> Interval& { return c.penalties.l0_warmup; }, format_warmup,
          parse_warmup),
      number_setting(
          {"jumprelu-bandwidth", s,
           "jumprelu: width of the interval around a threshold in which it has a gradient"},
          [](TrainConfig& c) -> double& { return c.model.sparsity.selection.bandwidth; }),
      integer_setting(
          {"k-start", s, "topk, batch-topk: K at the beginning of --k-anneal; 0: as --sparsity"},
          [](TrainConfig& c) -> Index& { return c.penalties.k_start; }),
      formatted_setting(
          {"k-anneal", s,
           "topk, batch-topk: linear change of K from --k-start to that of "
           "--sparsity, e.g. 2epochs or 1000steps"},
          [](TrainConfig& c) -> Interval& { return c.penalties.k_anneal; }, format_warmup,
          parse_warmup),
  };
}

}  // namespace hourglass
