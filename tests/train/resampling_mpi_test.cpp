#include "train/resampling.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>

#include "checkpoint/state_file.hpp"
#include "engine/inference.hpp"
#include "train/tiny_run.hpp"

namespace hourglass {
namespace {

using train_test::TinyRun;

void make_sparse(TrainConfig& config) {
  config.model.encoder = {train_test::tiny_features, 12};
  config.model.output_activation = Activation::linear;
  config.model.code_activation = Activation::linear;
  config.model.sparsity.selection = selection_from("topk:2");
  config.model.dictionary.unit_norm = true;
  config.dead_after = 1;
  config.resample_dead = {2, Interval::Unit::steps};
}

UnitUse use_of_all_but(const std::vector<Index>& unused) {
  UnitUse use(12);
  for (Index unit = 0; unit < 12; ++unit) {
    if (std::ranges::find(unused, unit) == unused.end()) use.add(unit);
  }
  return use;
}

TEST(Resampling, dead_units_take_directions_of_samples_on_any_number_of_ranks) {
  TinyRun run(Communicator::world(), make_sparse);
  const Resampling resampling(run.communicator, run.config, run.plan, run.data, run.model);
  run.make_updates(2);
  EXPECT_TRUE(resampling.is_due(run.state));
  run.state.units = {};
  run.state.units.count(use_of_all_but({3, 7}), 16);
  const std::vector<float> before = run.parameters();
  EXPECT_EQ(resampling.run(run.stages.stage(), run.stages.pool(), run.state), 2);
  EXPECT_EQ(run.state.units.count_dead(1), 0);
  const std::vector<float> after = run.parameters();
  const ConstMatrix old_atoms = run.model.dictionary(before.data());
  const ConstMatrix atoms = run.model.dictionary(after.data());
  for (Index u = 0; u < 12; ++u) {
    double product = 0;
    double norm = 0;
    for (Index c = 0; c < atoms.columns; ++c) {
      product += static_cast<double>(atoms(u, c)) * static_cast<double>(old_atoms(u, c));
      norm += static_cast<double>(atoms(u, c)) * static_cast<double>(atoms(u, c));
    }
    EXPECT_NEAR(norm, 1, 1e-5);
    EXPECT_EQ(u == 3 || u == 7, std::fabs(product - 1) > 1e-4) << u;
  }
  const Tensor& weights = run.model.layout().tensor(run.model.architecture().code_weights);
  for (Index c = 0; c < 6; ++c) {
    const float ratio = after[static_cast<std::size_t>(weights.offset + 3 * 6 + c)] / atoms(3, c);
    EXPECT_GT(ratio, 0) << "the encoder looks in the atom's direction";
  }

  TinyRun alone(Communicator::self(), make_sparse);
  const Resampling same(alone.communicator, alone.config, alone.plan, alone.data, alone.model);
  alone.make_updates(2);
  alone.state.units = {};
  alone.state.units.count(use_of_all_but({3, 7}), 16);
  EXPECT_EQ(same.run(alone.stages.stage(), alone.stages.pool(), alone.state), 2);
  EXPECT_EQ(alone.parameters(), after);
}

constexpr Index units = 12;
constexpr std::array<Index, 2> unused = {3, 7};

// Settings on this communicator, whose root writes data.
using Settings = void (*)(const Communicator& communicator, TrainConfig& config);

// A file in the folder of the data.
std::string beside_data(const TrainConfig& config, const std::string& name) {
  return config.data.substr(0, config.data.rfind('/', config.data.rfind(':'))) + "/" + name;
}

void write_values(const Communicator& communicator, const std::string& path, Index width,
                  float (*value_of)(Index number)) {
  if (!communicator.is_root()) return;
  std::vector<float> values;
  for (Index i = 0; i < train_test::tiny_rows * width; ++i) values.push_back(value_of(i));
  write_dataset<float>(
      path, {static_cast<hsize_t>(train_test::tiny_rows), static_cast<hsize_t>(width)}, values);
}

// A run whose units 3 and 7 have been resampled after two updates.
struct Resampled {
  Resampled(const Communicator& communicator, Settings settings)
      : run(communicator,
            [&](TrainConfig& config) {
              make_sparse(config);
              settings(communicator, config);
            }),
        resampling(run.communicator, run.config, run.plan, run.data, run.model) {
    run.make_updates(2);
    run.state.units = {};
    run.state.units.count(use_of_all_but({unused.begin(), unused.end()}), 16);
    before = run.parameters();
    count = resampling.run(run.stages.stage(), run.stages.pool(), run.state);
    after = run.parameters();
    const Layout& layout = run.model.layout();
    is_theirs.resize(after.size());
    for (const Tensor& tensor : layout.tensors()) {
      if (tensor.shape.front() != units || tensor.name == "decoder/0/bias") continue;
      const Index width = tensor.size / units;
      for (const Index unit : unused)
        std::fill_n(is_theirs.begin() + tensor.offset + unit * width, width, true);
    }
  }

  [[nodiscard]] ConstMatrix rows(const char* name) const {
    const auto& tensors = run.model.layout().tensors();
    const Tensor& tensor = *std::ranges::find(tensors, name, &Tensor::name);
    return {after.data() + tensor.offset, units, tensor.size / units};
  }
  // Of all normalised samples.
  void for_samples(const std::function<void(ConstMatrix x)>& visit) {
    const InferencePlan plan{train_test::tiny_rows, 16};
    for_each_micro_batch(run.data.training(), run.data.transform(), plan, {0, 3}, run.stages.pool(),
                         [&](Index, Range, ConstMatrix x) { visit(x); });
  }

  TinyRun run;
  Resampling resampling;
  std::vector<float> before;
  std::vector<float> after;
  Index count = 0;
  std::vector<bool> is_theirs;  // of the arena: the two units' numbers
};

double product_of(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

// Those of the two units are 0. Returns whether this rank has others that are not.
bool check_moments(Resampled& resampled) {
  bool has_moments = false;
  const auto tensors = stored_tensors(resampled.run.model.layout());
  for (const StoredArena& arena : resampled.run.stages.stage().stored(tensors)) {
    for (std::size_t r = 0; r < arena.ranges.size(); ++r) {
      for (Index i = arena.ranges[r].begin; i < arena.ranges[r].end; ++i) {
        const float moment = arena.values[r][i - arena.ranges[r].begin];
        has_moments = has_moments || moment != 0;
        if (resampled.is_theirs[static_cast<std::size_t>(i)]) {
          EXPECT_EQ(moment, 0) << arena.group << " " << i;
        }
      }
    }
  }
  return has_moments;
}

// What holds of any kind of run.
void check_resampled(Resampled& resampled, Settings settings) {
  EXPECT_EQ(resampled.count, 2);
  for (std::size_t i = 0; i < resampled.after.size(); ++i) {
    EXPECT_TRUE(std::isfinite(resampled.after[i])) << i;
    if (!resampled.is_theirs[i]) {
      EXPECT_EQ(resampled.after[i], resampled.before[i]) << i;
    }
  }
  double others = 0;
  const ConstMatrix atoms = resampled.rows("decoder/0/weight");
  const ConstMatrix weights = resampled.rows("encoder/0/weight");
  for (Index unit = 0; unit < units; ++unit) {
    if (std::ranges::find(unused, unit) == unused.end())
      others += std::sqrt(product_of(weights.row(unit), weights.row(unit))) / 10;
  }
  for (const Index unit : unused) {
    EXPECT_NEAR(product_of(atoms.row(unit), atoms.row(unit)), 1, 1e-5);
    EXPECT_NEAR(std::sqrt(product_of(weights.row(unit), weights.row(unit))), 0.2 * others, 1e-5);
  }
  check_moments(resampled);
  Resampled alone(Communicator::self(), settings);
  EXPECT_TRUE(check_moments(alone)) << "others have moments";
  EXPECT_EQ(alone.after, resampled.after);
}

// Codes are of inputs and atoms of targets, here of other widths.
TEST(Resampling, of_targets_takes_their_residuals_and_the_directions_of_inputs) {
  const Settings settings = [](const Communicator& communicator, TrainConfig& config) {
    const std::string path = beside_data(config, "target.h5");
    write_values(communicator, path, 4,
                 [](Index i) { return 0.3F * std::cos(static_cast<float>(i * i % 29)); });
    config.target = path + ":/x";
    config.model.target_features = 4;
  };
  Resampled resampled(Communicator::world(), settings);
  check_resampled(resampled, settings);
  EXPECT_EQ(resampled.rows("decoder/0/weight").columns, 4);
  for (const Index unit : unused) {
    const auto weights = resampled.rows("encoder/0/weight").row(unit);
    double nearest = 0;
    resampled.for_samples([&](ConstMatrix x) {
      for (Index r = 0; r < x.rows; ++r) {
        const auto input = x.row(r).first(train_test::tiny_features);
        const double cosine = product_of(input, weights) /
                              std::sqrt(product_of(input, input) * product_of(weights, weights));
        nearest = std::max(nearest, cosine);
      }
    });
    EXPECT_NEAR(nearest, 1, 1e-6) << unit;
  }
}

TEST(Resampling, leaves_missing_elements_out) {
  const Settings settings = [](const Communicator& communicator, TrainConfig& config) {
    write_values(communicator, beside_data(config, "data.h5"), train_test::tiny_features,
                 [](Index i) {
                   return i % 5 == 0 ? std::numeric_limits<float>::quiet_NaN()
                                     : 0.5F + 0.4F * std::sin(static_cast<float>(i * i % 37));
                 });
    config.model.missing = Missing::mask;
    config.model.missing_indicator = true;
  };
  Resampled resampled(Communicator::world(), settings);
  check_resampled(resampled, settings);
  for (const Index unit : unused) {
    // At most two of six elements are missing; indicators have no direction.
    const auto atom = resampled.rows("decoder/0/weight").row(unit);
    EXPECT_GE(std::ranges::count(atom, 0.0F), 1);
    const auto weights = resampled.rows("encoder/0/weight").row(unit);
    for (std::size_t c = 0; c < 6; ++c) {
      EXPECT_EQ(atom[c] == 0, weights[c] == 0);
      EXPECT_EQ(weights[6 + c], 0);
    }
  }
}

TEST(Resampling, of_counts_leaves_the_logits_of_dropout_as_they_are_for_all) {
  const Settings settings = [](const Communicator& communicator, TrainConfig& config) {
    write_values(communicator, beside_data(config, "data.h5"), train_test::tiny_features,
                 [](Index i) { return static_cast<float>(1 + i * i % 7); });
    config.model.loss = Loss::zinb;
  };
  Resampled resampled(Communicator::world(), settings);
  check_resampled(resampled, settings);
  const ConstMatrix atoms = resampled.rows("decoder/0/weight");
  ASSERT_EQ(atoms.columns, 12);
  for (const Index unit : unused) {
    for (Index c = 6; c < 12; ++c) EXPECT_EQ(atoms(unit, c), 0);
  }
}

TEST(Resampling, sets_a_threshold_below_what_the_unit_gives) {
  const Settings settings = [](const Communicator&, TrainConfig& config) {
    config.model.sparsity.selection = selection_from("jumprelu:20");
    config.model.sparsity.selection.bandwidth = 50;  // thresholds have gradients, and moments
    config.model.sparsity.l0 = 1e-4;
  };
  Resampled resampled(Communicator::world(), settings);
  check_resampled(resampled, settings);
  Workspace workspace = resampled.run.model.make_workspace(16);
  std::array<int, 2> used{};
  resampled.for_samples([&](ConstMatrix x) {
    const ConstMatrix codes = resampled.run.model.encode(resampled.after.data(), x, workspace);
    for (Index r = 0; r < x.rows; ++r) {
      for (std::size_t u = 0; u < 2; ++u) used[u] += codes(r, unused[u]) > 0 ? 1 : 0;
    }
  });
  for (const int samples : used) EXPECT_GT(samples, 0);
}

TEST(Resampling, begins_the_magnitudes_of_gates_anew) {
  const Settings settings = [](const Communicator&, TrainConfig& config) {
    config.model.sparsity.selection = selection_from("gated");
    config.model.regularization.l1 = 1e-3;
  };
  Resampled resampled(Communicator::world(), settings);
  check_resampled(resampled, settings);
  for (const char* const name :
       {"encoder/0/bias", "encoder/0/log_magnitude", "encoder/0/magnitude_bias"}) {
    EXPECT_NE(resampled.rows(name)(0, 0), 0) << name;
    for (const Index unit : unused) EXPECT_EQ(resampled.rows(name)(unit, 0), 0) << name;
  }
}

TEST(Resampling, is_due_after_so_many_updates) {
  TinyRun run(Communicator::world(), make_sparse);
  const Resampling resampling(run.communicator, run.config, run.plan, run.data, run.model);
  run.make_updates(1);
  EXPECT_FALSE(resampling.is_due(run.state));
  run.state.units = {};
  run.state.units.count(use_of_all_but({}), 16);
  EXPECT_EQ(resampling.run(run.stages.stage(), run.stages.pool(), run.state), 0);
}

}  // namespace
}  // namespace hourglass
