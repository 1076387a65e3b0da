#include "nn/selection.hpp"

#include <fmt/format.h>

#include <charconv>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

template <class T>
bool read_number(std::string_view text, T& number) {
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && at == end;
}

}  // namespace

std::string to_string(const SelectionSpec& spec) {
  switch (spec.kind) {
    case Selection::none:
      return "none";
    case Selection::top_k:
      return fmt::format("topk:{}", spec.k);
    case Selection::batch_top_k:
      return fmt::format("batch-topk:{}", spec.k);
    case Selection::jump_relu:
      return fmt::format("jumprelu:{}", spec.threshold);
    case Selection::relu:
      return "l1";
    case Selection::gated:
      return "gated";
  }
  throw Error(ErrorKind::bug, "a selection without a name");
}

SelectionSpec selection_from(std::string_view text) {
  SelectionSpec spec;
  if (text == "none") return spec;
  const auto colon = text.find(':');
  const std::string_view kind = text.substr(0, colon);
  const bool has_number = colon != std::string_view::npos;
  const std::string_view number = has_number ? text.substr(colon + 1) : "";
  if (kind == "topk" || kind == "batch-topk") {
    spec.kind = kind == "topk" ? Selection::top_k : Selection::batch_top_k;
    if (read_number(number, spec.k) && spec.k >= 1) return spec;
  } else if (kind == "jumprelu") {
    spec.kind = Selection::jump_relu;
    if (!has_number) return spec;
    if (read_number(number, spec.threshold) && spec.threshold > 0 && spec.threshold <= 1e6)
      return spec;
  } else if ((kind == "l1" || kind == "gated") && !has_number) {
    spec.kind = kind == "l1" ? Selection::relu : Selection::gated;
    return spec;
  }
  throw Error(ErrorKind::usage,
              fmt::format("'{}' is not a sparsity: none, topk:K, batch-topk:K (K units per sample, "
                          "at least 1), jumprelu, jumprelu:THRESHOLD (above 0), l1 or gated",
                          text));
}

}  // namespace hourglass
