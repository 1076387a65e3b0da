#include "train/run_state.hpp"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr std::pair<const char*, ExactSum EpochSums::*> stored_sums[] = {
    {"/position/epoch_loss", &EpochSums::loss},
    {"/position/epoch_squared_error", &EpochSums::squared_error},
    {"/position/epoch_penalty", &EpochSums::penalty},
};

// Of the epoch's divergences, and of their samples behind them.
constexpr const char* divergences_path = "/position/epoch_unit_divergences";

// After normalize() a word of an exact sum is below 2^53, so doubles keep it.
std::vector<double> to_doubles(ExactSum sum) {
  sum.normalize();
  return {sum.words().begin(), sum.words().end()};
}

ExactSum sum_from(const StateHeader& header, const char* path) {
  ExactSum sum;
  const auto found = header.doubles.find(path);
  if (found == header.doubles.end() || found->second.size() != sum.words().size()) {
    throw Error(ErrorKind::data, fmt::format("the checkpoint has no {}", path));
  }
  for (std::size_t i = 0; i < sum.words().size(); ++i)
    sum.words()[i] = static_cast<std::int64_t>(found->second[i]);
  return sum;
}

}  // namespace

std::vector<double> EpochSums::mean_divergences() const {
  std::vector<double> means = unit_divergences;
  for (double& mean : means) mean /= static_cast<double>(divergence_samples);
  return means;
}

void RunState::count_update(const StepTotals& totals, Index samples) {
  sums.loss.add(totals.loss);
  sums.squared_error.add(totals.squared_error);
  sums.penalty.add(totals.penalty);
  sums.samples += totals.samples;
  if (!totals.unit_divergences.empty()) {
    // The totals are the same on every rank, and so are sums in the order of updates.
    const std::vector<double> divergences = totals.unit_divergences.means(1);
    sums.unit_divergences.resize(divergences.size());
    for (std::size_t j = 0; j < divergences.size(); ++j) sums.unit_divergences[j] += divergences[j];
    sums.divergence_samples += totals.samples;
  }
  if (!totals.unit_use.empty()) units.count(totals.unit_use, totals.samples);
  ++position.step;
  ++position.step_in_epoch;
  position.samples += samples;
}

void RunState::finish_epoch() {
  ++position.epoch;
  position.step_in_epoch = 0;
  sums = {};
  units.finish_epoch();
}

void RunState::finish_stage() {
  ++position.stage;
  position.epoch = 0;
  units = {};
}

void RunState::store(StateHeader& header) const {
  history.store(header);
  header.position = {{"stage", position.stage},
                     {"epoch", position.epoch},
                     {"step_in_epoch", position.step_in_epoch},
                     {"step", position.step},
                     {"samples", position.samples},
                     {"epoch_samples", sums.samples}};
  for (const auto& [path, sum] : stored_sums) header.doubles[path] = to_doubles(sums.*sum);
  units.store(header);
  if (sums.unit_divergences.empty()) return;
  std::vector<double>& divergences = header.doubles[divergences_path];
  divergences = sums.unit_divergences;
  divergences.push_back(static_cast<double>(sums.divergence_samples));
}

RunState RunState::load(const StateHeader& header, const std::string& file) {
  const auto value = [&](const char* name) {
    const auto found = header.position.find(name);
    if (found == header.position.end())
      throw Error(ErrorKind::data, fmt::format("{} is not a checkpoint: it has no position", file));
    return found->second;
  };
  RunState state;
  // Checkpoints of versions without pretraining have no stage.
  const Index stage = header.position.contains("stage") ? value("stage") : 0;
  state.position = {stage, value("epoch"), value("step_in_epoch"), value("step"), value("samples")};
  state.sums.samples = value("epoch_samples");
  for (const auto& [path, sum] : stored_sums) state.sums.*sum = sum_from(header, path);
  if (const auto found = header.doubles.find(divergences_path);
      found != header.doubles.end() && !found->second.empty()) {
    state.sums.unit_divergences = found->second;
    state.sums.unit_divergences.pop_back();
    state.sums.divergence_samples = static_cast<Index>(found->second.back());
  }
  state.units.load(header);
  state.history.load(header);
  return state;
}

}  // namespace hourglass
