#include "train/history.hpp"

#include <algorithm>
#include <cmath>

namespace hourglass {

namespace {

constexpr const char* root = "/history/";
constexpr const char* validation_path = "/history/validation_sse";

}  // namespace

void History::add(const MetricsRecord& record) {
  const std::string group = record.layer ? "/history/pretraining/" : root;
  const auto append = [&](const char* name, double value) {
    series_[group + name].push_back(value);
  };
  if (record.layer) append("layer", static_cast<double>(*record.layer));
  append("epoch", static_cast<double>(record.epoch));
  append("step", static_cast<double>(record.step));
  append("loss", record.loss);
  append("sse", record.sse);
  append("validation_sse", record.validation_sse.value_or(std::nan("")));
  append("learning_rate", record.learning_rate);
}

std::span<const double> History::validation_errors() const {
  const auto found = series_.find(validation_path);
  if (found == series_.end()) return {};
  return found->second;
}

bool History::is_best_epoch() const {
  const auto errors = validation_errors();
  return !errors.empty() && std::ranges::min_element(errors) == errors.end() - 1;
}

Index History::epochs_since_best() const {
  const auto errors = validation_errors();
  return errors.empty() ? 0 : errors.end() - 1 - std::ranges::min_element(errors);
}

void History::store(StateHeader& header) const {
  for (const auto& [path, values] : series_) header.doubles[path] = values;
}

void History::load(const StateHeader& header) {
  for (const auto& [path, values] : header.doubles) {
    if (path.starts_with(root)) series_[path] = values;
  }
}

}  // namespace hourglass
