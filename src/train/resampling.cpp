#include "train/resampling.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "config/dictionary_training.hpp"
#include "core/random.hpp"
#include "engine/geometric_median.hpp"
#include "engine/inference.hpp"

namespace hourglass {

namespace {

constexpr Index most_samples = Index{1} << 13;
constexpr Index block_rows = 16;
constexpr double encoder_share = 0.2;

// A sample that a unit may take: its row in the data set, and the logarithm of u^(1 / w).
struct Candidate {
  double key = 0;
  Index row = 0;
};

bool comes_before(const Candidate& a, const Candidate& b) {
  return a.key > b.key || (a.key == b.key && a.row < b.row);
}

// The candidates of this rank, with their residuals one behind the other.
struct Residuals {
  std::vector<Candidate> candidates;
  std::vector<float> values;
};

template <class T>
std::string bytes_of(std::span<const T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

template <class T>
void append(const std::string& bytes, std::vector<T>& values) {
  const std::size_t before = values.size();
  values.resize(before + bytes.size() / sizeof(T));
  if (!bytes.empty()) std::memcpy(values.data() + before, bytes.data(), bytes.size());
}

Residuals residuals_of(const Communicator& communicator, const TrainConfig& config,
                       const RunData& data, const Autoencoder& model, const float* parameters,
                       std::uint32_t step, WorkerPool& pool) {
  const DatasetReader& reader = data.training();
  const Index rows = reader.info().rows();
  const auto blocks = sampled_blocks(rows, most_samples, config.seed ^ (std::uint64_t{step} << 32));
  const Range mine =
      even_part(static_cast<Index>(blocks.size()), communicator.size(), communicator.rank());
  const CounterRandom random(config.seed, Purpose::dictionary);
  Workspace workspace = model.make_workspace(block_rows);
  Residuals result;
  const InferencePlan plan{rows, block_rows};
  const auto add = [&](Index /*worker*/, Range place, ConstMatrix x) {
    const ConstMatrix y = model.reconstruct(parameters, x, workspace);
    for (Index r = 0; r < x.rows; ++r) {
      double error = 0;
      for (Index c = 0; c < x.columns; ++c) {
        const float e = x(r, c) - y(r, c);
        error += static_cast<double>(e) * static_cast<double>(e);
        result.values.push_back(e);
      }
      const Index row = place.begin + r;
      const auto words = random.bits(static_cast<std::uint64_t>(row), step, 1);
      // In (0, 1]; a weight of 0 is never drawn before another.
      const double u = 1.0 - static_cast<double>(uniform_unit(words[0]));
      result.candidates.push_back({std::log(u) / std::max(error * error, 1e-300), row});
    }
  };
  collectively(communicator, [&] {
    for (Index b = mine.begin; b < mine.end; ++b) {
      const Index number = blocks[static_cast<std::size_t>(b)].begin / block_rows;
      for_each_micro_batch(reader, data.transform(), plan, {number, number + 1}, pool, add);
    }
  });
  return result;
}

// The residuals of the `count` best candidates of all ranks, in their order.
std::vector<float> chosen_residuals(const Communicator& communicator, const Residuals& own,
                                    std::size_t count, std::size_t features) {
  std::vector<Candidate> all;
  for (const std::string& bytes :
       communicator.all_gather(bytes_of(std::span<const Candidate>(own.candidates))))
    append(bytes, all);
  std::ranges::sort(all, comes_before);
  all.resize(std::min(count, all.size()));
  // Each rank sends those that it has, in the order of their ranks: then they are put in order.
  std::vector<float> sent;
  std::vector<Index> rows;
  for (const Candidate& candidate : all) {
    const auto found = std::ranges::find(own.candidates, candidate.row, &Candidate::row);
    if (found == own.candidates.end()) continue;
    const auto at = static_cast<std::size_t>(found - own.candidates.begin()) * features;
    sent.insert(sent.end(), own.values.begin() + static_cast<std::ptrdiff_t>(at),
                own.values.begin() + static_cast<std::ptrdiff_t>(at + features));
    rows.push_back(candidate.row);
  }
  std::vector<Index> all_rows;
  for (const std::string& bytes : communicator.all_gather(bytes_of(std::span<const Index>(rows))))
    append(bytes, all_rows);
  std::vector<float> all_values;
  for (const std::string& bytes : communicator.all_gather(bytes_of(std::span<const float>(sent))))
    append(bytes, all_values);
  std::vector<float> result;
  for (const Candidate& candidate : all) {
    const auto at =
        static_cast<std::ptrdiff_t>(std::ranges::find(all_rows, candidate.row) - all_rows.begin()) *
        static_cast<std::ptrdiff_t>(features);
    result.insert(result.end(), all_values.begin() + at,
                  all_values.begin() + at + static_cast<std::ptrdiff_t>(features));
  }
  return result;
}

double norm_of(std::span<const float> values) {
  double squares = 0;
  for (const float value : values)
    squares += static_cast<double>(value) * static_cast<double>(value);
  return std::sqrt(squares);
}

// The mean norm of the rows that are not listed; 1 where all are.
double mean_norm(ConstMatrix rows, std::span<const std::int32_t> left_out) {
  double sum = 0;
  Index count = 0;
  auto next = left_out.begin();
  for (Index r = 0; r < rows.rows; ++r) {
    if (next != left_out.end() && *next == r) {
      ++next;
      continue;
    }
    sum += norm_of(rows.row(r));
    ++count;
  }
  return count > 0 ? sum / static_cast<double>(count) : 1.0;
}

}  // namespace

Resampling::Resampling(const Communicator& communicator, const TrainConfig& config,
                       const RunPlan& plan, const RunData& data, const Autoencoder& model)
    : communicator_(communicator), config_(config), plan_(plan), data_(data), model_(model) {}

bool Resampling::is_due(const RunState& state) const {
  if (config_.resample_dead.count == 0 || plan_.is_pretraining(state.position.stage)) return false;
  const Index steps =
      weight_ramp(config_.resample_dead, 1, plan_.shards(state.position.stage).steps_per_epoch())
          .steps;
  return steps > 0 && plan_.step_in_stage(state.position) % steps == 0;
}

Index Resampling::run(Stage& stage, WorkerPool& pool, RunState& state) const {
  const Position& position = state.position;
  const auto dead =
      state.units.find_dead(dead_after(config_, plan_.shards(position.stage).samples()));
  if (dead.empty()) return 0;
  float* const parameters = stage.parameters().data();
  const auto features = static_cast<std::size_t>(model_.features());
  const auto residuals = residuals_of(communicator_, config_, data_, model_, parameters,
                                      static_cast<std::uint32_t>(position.step), pool);
  const std::vector<float> directions =
      chosen_residuals(communicator_, residuals, dead.size(), features);
  const Architecture& architecture = model_.architecture();
  const Tensor& atoms = model_.layout().tensor(architecture.dictionary);
  const Tensor& weights = model_.layout().tensor(architecture.code_weights);
  const Tensor& biases = model_.layout().tensor(architecture.sparse_encoder->bias_slot());
  const double norm =
      encoder_share *
      mean_norm({parameters + weights.offset, weights.shape[0], weights.shape[1]}, dead);
  Index count = 0;
  for (std::size_t i = 0; (i + 1) * features <= directions.size(); ++i) {
    const auto direction = std::span(directions).subspan(i * features, features);
    const double length = norm_of(direction);
    if (!(length > 0)) continue;
    const Index unit = dead[i];
    const auto width = static_cast<Index>(features);
    for (Index c = 0; c < width; ++c) {
      const double part = static_cast<double>(direction[static_cast<std::size_t>(c)]) / length;
      parameters[atoms.offset + unit * width + c] = static_cast<float>(part);
      parameters[weights.offset + unit * width + c] = static_cast<float>(norm * part);
    }
    parameters[biases.offset + unit] = 0;
    for (const Range range :
         {Range{atoms.offset + unit * width, atoms.offset + (unit + 1) * width},
          Range{weights.offset + unit * width, weights.offset + (unit + 1) * width},
          Range{biases.offset + unit, biases.offset + unit + 1}})
      stage.sharded_optimizer().clear_moments(range);
    state.units.count_as_used(unit);
    ++count;
  }
  return count;
}

}  // namespace hourglass
