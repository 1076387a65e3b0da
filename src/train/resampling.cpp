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
#include "model/dictionary_start.hpp"
#include "model/paired_target.hpp"

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

// The candidates of this rank, with SampleValues::width() numbers each, one behind the other.
struct Samples {
  std::vector<Candidate> candidates;
  std::vector<float> values;
};

// What a unit needs of a sample, in this order: the residual (outputs); of a model with targets of
// their own the input, whose direction is then another one than the residual's (features); and the
// product of the encoder's direction, not yet normalised, with the input.
struct SampleValues {
  explicit SampleValues(const Autoencoder& model)
      : outputs(static_cast<std::size_t>(model.outputs())),
        features(static_cast<std::size_t>(model.features())),
        paired(model.spec().target_features > 0) {}

  [[nodiscard]] std::size_t width() const { return outputs + (paired ? features : 0) + 1; }
  [[nodiscard]] std::span<const float> residual(std::span<const float> values) const {
    return values.first(outputs);
  }
  [[nodiscard]] std::span<const float> encoder_direction(std::span<const float> values) const {
    return paired ? values.subspan(outputs, features) : residual(values);
  }

  std::size_t outputs;
  std::size_t features;
  bool paired;
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

// The sample's residual, 0 where an element is missing, as in the loss; adds what else a unit
// needs. Returns the squared error.
double append_values(const SampleValues& kind, std::span<const float> target,
                     std::span<const float> output, std::span<const float> input,
                     std::span<const float> centre, std::vector<float>& values) {
  const std::size_t begin = values.size();
  double error = 0;
  for (std::size_t c = 0; c < kind.outputs; ++c) {
    const float e = std::isnan(target[c]) ? 0.0F : target[c] - output[c];
    error += static_cast<double>(e) * static_cast<double>(e);
    values.push_back(e);
  }
  if (kind.paired) values.insert(values.end(), input.begin(), input.end());
  const auto direction = kind.encoder_direction(std::span(values).subspan(begin));
  double product = 0;
  for (std::size_t c = 0; c < kind.features; ++c) {
    const float x = centre.empty() ? input[c] : input[c] - centre[c];
    product += static_cast<double>(direction[c]) * static_cast<double>(x);
  }
  values.push_back(static_cast<float>(product));
  return error;
}

Samples samples_of(const Communicator& communicator, const TrainConfig& config, const RunData& data,
                   const Autoencoder& model, std::span<const float> parameters, std::uint32_t step,
                   WorkerPool& pool) {
  const DatasetReader& reader = data.training();
  const Index rows = reader.info().rows();
  const auto blocks = sampled_blocks(rows, most_samples, config.seed ^ (std::uint64_t{step} << 32));
  const Range mine =
      even_part(static_cast<Index>(blocks.size()), communicator.size(), communicator.rank());
  const CounterRandom random(config.seed, Purpose::dictionary);
  Workspace workspace = model.make_workspace(block_rows);
  const SampleValues kind(model);
  std::span<const float> centre;
  if (model.architecture().pre_bias >= 0) centre = pre_bias_of(model, parameters);
  Samples result;
  const InferencePlan plan{rows, block_rows};
  const auto add = [&](Index /*worker*/, Range place, ConstMatrix x) {
    const ConstMatrix y = model.reconstruct(parameters.data(), x, workspace);
    const ConstMatrix input = model.network_input(x, workspace);
    const ConstMatrix target = target_of(model.spec(), x);
    for (Index r = 0; r < x.rows; ++r) {
      const double error = append_values(kind, target.row(r), y.row(r),
                                         input.row(r).first(kind.features), centre, result.values);
      const Index row = place.begin + r;
      const auto words = random.bits(static_cast<std::uint64_t>(row), step, 1);
      // In (0, 1]; a weight of 0 is never drawn before another.
      const double u = 1.0 - static_cast<double>(uniform_unit(words[0]));
      // Of weights that have diverged the error is a NaN, which would have no place in an order.
      const double weight = error * error > 1e-300 ? error * error : 1e-300;
      result.candidates.push_back({std::log(u) / weight, row});
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

// The `width` values of each of the `count` best candidates of all ranks, in their order.
std::vector<float> chosen_values(const Communicator& communicator, const Samples& own,
                                 std::size_t count, std::size_t width) {
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
    const auto at = static_cast<std::size_t>(found - own.candidates.begin()) * width;
    sent.insert(sent.end(), own.values.begin() + static_cast<std::ptrdiff_t>(at),
                own.values.begin() + static_cast<std::ptrdiff_t>(at + width));
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
        static_cast<std::ptrdiff_t>(width);
    result.insert(result.end(), all_values.begin() + at,
                  all_values.begin() + at + static_cast<std::ptrdiff_t>(width));
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

// Writes the direction at this norm, then 0: to logits that are not of means, or from indicators
// of missing elements.
void write_direction(std::span<const float> direction, double norm, std::span<float> row) {
  const double length = norm_of(direction);
  std::ranges::fill(row, 0.0F);
  for (std::size_t c = 0; c < direction.size(); ++c) {
    const double part = static_cast<double>(direction[c]) / length;
    row[c] = static_cast<float>(norm * part);
  }
}

bool has_direction(std::span<const float> values) {
  const double length = norm_of(values);
  return length > 0 && std::isfinite(length);
}

// The encoder's tensors with a number for each unit, and what it starts at.
struct UnitNumbers {
  Tensor tensor;
  float start = 0;
  bool is_threshold = false;  // of jump_relu: the logarithm
};

std::vector<UnitNumbers> numbers_of(const Autoencoder& model) {
  const SparseEncoder& encoder = *model.architecture().sparse_encoder;
  const std::vector<UnitRows> rows = encoder.unit_rows();
  std::vector<UnitNumbers> numbers;
  for (const TensorRole& role : encoder.roles()) {
    const Tensor& tensor = model.layout().tensor(role.slot);
    if (role.slot == encoder.weight_slot() ||
        std::ranges::find(rows, tensor.offset, &UnitRows::offset) == rows.end())
      continue;
    const bool is_threshold =
        encoder.selection().kind == Selection::jump_relu && role.slot != encoder.bias_slot();
    numbers.push_back({tensor, role.constant.value_or(0.0F), is_threshold});
  }
  return numbers;
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
  const std::span<float> parameters = stage.parameters();
  const SampleValues kind(model_);
  const Samples samples = samples_of(communicator_, config_, data_, model_, parameters,
                                     static_cast<std::uint32_t>(position.step), pool);
  const std::vector<float> chosen =
      chosen_values(communicator_, samples, dead.size(), kind.width());
  const Architecture& architecture = model_.architecture();
  const Tensor& atoms = model_.layout().tensor(architecture.dictionary);
  const Tensor& weights = model_.layout().tensor(architecture.code_weights);
  const std::vector<UnitNumbers> numbers = numbers_of(model_);
  const double norm =
      encoder_share *
      mean_norm({parameters.data() + weights.offset, weights.shape[0], weights.shape[1]}, dead);
  Index count = 0;
  // The unit's row of a tensor, whose moments begin anew.
  const auto row_of = [&](const Tensor& tensor, Index unit) {
    const Index width = tensor.shape.size() > 1 ? tensor.shape[1] : 1;
    const Index begin = tensor.offset + unit * width;
    stage.sharded_optimizer().clear_moments({begin, begin + width});
    return parameters.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(width));
  };
  for (std::size_t i = 0; (i + 1) * kind.width() <= chosen.size(); ++i) {
    const auto values = std::span(chosen).subspan(i * kind.width(), kind.width());
    const auto residual = kind.residual(values);
    const auto direction = kind.encoder_direction(values);
    if (!has_direction(residual) || !has_direction(direction)) continue;
    const Index unit = dead[i];
    write_direction(residual, 1, row_of(atoms, unit));
    write_direction(direction, norm, row_of(weights, unit));
    // Of its sample.
    const double activity = norm * static_cast<double>(values.back()) / norm_of(direction);
    for (const UnitNumbers& number : numbers) {
      float start = number.start;
      // A threshold above what the sample gives would leave the unit dead.
      if (number.is_threshold && activity > 0)
        start = std::min(start, static_cast<float>(std::log(activity / 2)));
      row_of(number.tensor, unit).front() = start;
    }
    state.units.count_as_used(unit);
    ++count;
  }
  return count;
}

}  // namespace hourglass
