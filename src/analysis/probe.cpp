#include "analysis/probe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "analysis/probe_data.hpp"
#include "core/random.hpp"
#include "engine/inference.hpp"
#include "engine/stage.hpp"
#include "engine/training_data.hpp"
#include "hourglass/core/error.hpp"
#include "model/classifier.hpp"
#include "nn/network.hpp"
#include "optim/schedule.hpp"

namespace hourglass {

namespace {

constexpr std::int64_t largest_label = 4095;  // the confusion matrix has classes^2 entries

void check(bool valid, const std::string& message) {
  if (!valid) throw Error(ErrorKind::usage, message);
}

// Labels by the number of a sample in training: its place in the subset.
std::vector<std::int32_t> labels_of(std::span<const std::int32_t> labels,
                                    std::span<const Index> rows) {
  std::vector<std::int32_t> result;
  result.reserve(rows.size());
  for (const Index row : rows) result.push_back(labels[static_cast<std::size_t>(row)]);
  return result;
}

// The same of weights, again 1 on average.
std::vector<float> weights_of(std::span<const float> weights, std::span<const Index> rows) {
  if (weights.empty()) return {};
  double sum = 0;
  for (const Index row : rows) sum += static_cast<double>(weights[static_cast<std::size_t>(row)]);
  if (!(sum > 0)) {
    throw Error(ErrorKind::data,
                "the labelled samples all have weight 0: use a larger --label-fraction",
                Reach::everywhere);
  }
  std::vector<float> result;
  result.reserve(rows.size());
  for (const Index row : rows) {
    const auto weight = static_cast<double>(weights[static_cast<std::size_t>(row)]);
    result.push_back(static_cast<float>(weight * static_cast<double>(rows.size()) / sum));
  }
  return result;
}

// Counts of the validation samples by their class and the predicted one.
std::vector<Index> confusion_of(const Communicator& communicator, const Model* model,
                                const InputTransform& codes, const Classifier& classifier,
                                std::span<const float> parameters, const LabelledData& data,
                                Index classes, bool fine_tuned, WorkerPool& pool,
                                Index micro_batch) {
  const InferencePlan plan{data.reader->info().rows(), micro_batch};
  const auto workers = static_cast<std::size_t>(pool.size());
  const bool encodes = model != nullptr && !fine_tuned;
  std::vector<Workspace> workspaces;
  std::vector<Workspace> encoders;
  std::vector<Buffer<float>> standardized;
  for (std::size_t w = 0; w < workers; ++w) {
    workspaces.push_back(classifier.make_workspace(micro_batch));
    if (!encodes) continue;
    encoders.push_back(model->network->make_workspace(micro_batch));
    standardized.emplace_back(micro_batch * model->network->code_size());
  }
  std::vector<std::vector<Index>> counts(
      workers, std::vector<Index>(static_cast<std::size_t>(classes * classes)));
  collectively(communicator, [&] {
    for_each_micro_batch(
        *data.reader, data.transform, plan, plan.of_rank(communicator.rank(), communicator.size()),
        pool, [&](Index worker, Range rows, ConstMatrix x) {
          const auto w = static_cast<std::size_t>(worker);
          ConstMatrix input = x;
          if (encodes) {
            encoders[w].set_conditions(conditions_of(data.conditions, plan.rows, rows));
            const ConstMatrix code =
                model->network->encode(model->parameters.data(), x, encoders[w]);
            const Matrix scaled(standardized[w].data(), code.rows, code.columns);
            for (Index r = 0; r < code.rows; ++r) {
              convert_row(ElementType::f32, reinterpret_cast<const std::byte*>(code.row(r).data()),
                          codes, scaled.row(r));
            }
            input = scaled;
          }
          const ConstMatrix logits = classifier.logits(parameters.data(), input, workspaces[w], {});
          for (Index r = 0; r < logits.rows; ++r) {
            const Index truth = data.labels[static_cast<std::size_t>(rows.begin + r)];
            ++counts[w][static_cast<std::size_t>(truth * classes + likeliest(logits.row(r)))];
          }
        });
  });
  for (std::size_t w = 1; w < workers; ++w) {
    std::ranges::transform(counts[0], counts[w], counts[0].begin(), std::plus<>());
  }
  communicator.sum(std::span<std::int64_t>(counts[0]));
  return counts[0];
}

}  // namespace

void check_probe(const ProbeSettings& settings) {
  check(settings.label_fraction > 0 && settings.label_fraction <= 1,
        fmt::format("--label-fraction must be above 0 and at most 1, not {}",
                    settings.label_fraction));
  check(settings.batch % settings.micro_batch == 0,
        fmt::format("--batch {} is not a multiple of --micro-batch {}", settings.batch,
                    settings.micro_batch));
  static_cast<void>(make_optimizer(settings.optimizer));
  static_cast<void>(Schedule(settings.schedule, 1, std::max<Index>(1, settings.epochs)));
}

std::vector<std::int32_t> class_labels(const Labels& labels) {
  const auto& values = labels.values;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] >= 0 && values[i] <= largest_label) continue;
    throw Error(ErrorKind::data,
                fmt::format("{}: label {} in row {}; classes are numbered from 0 to at most {}",
                            labels.source, values[i], i, largest_label));
  }
  return {values.begin(), values.end()};
}

std::vector<Index> stratified_subset(std::span<const std::int32_t> labels, double fraction,
                                     std::uint64_t seed) {
  std::vector<Index> rows(labels.size());
  std::iota(rows.begin(), rows.end(), Index{0});
  if (fraction >= 1) return rows;
  std::vector<std::vector<Index>> by_class;
  for (const Index row : rows) {
    const auto label = static_cast<std::size_t>(labels[static_cast<std::size_t>(row)]);
    if (label >= by_class.size()) by_class.resize(label + 1);
    by_class[label].push_back(row);
  }
  rows.clear();
  const CounterRandom random(seed, Purpose::label_subset);
  for (std::size_t c = 0; c < by_class.size(); ++c) {
    const auto& members = by_class[c];
    if (members.empty()) continue;
    std::vector<Index> order(members.size());
    random_permutation(random, c, 0, 0, order);
    const auto wanted = std::max<std::size_t>(
        1, static_cast<std::size_t>(std::llround(fraction * static_cast<double>(members.size()))));
    for (std::size_t i = 0; i < wanted; ++i)
      rows.push_back(members[static_cast<std::size_t>(order[i])]);
  }
  std::ranges::sort(rows);
  return rows;
}

ProbeResult probe(const Communicator& communicator, const Model* model,
                  const LabelledData& training, const LabelledData& validation,
                  const ProbeSettings& settings, WorkerPool& pool, const ProbeProgress& progress) {
  if (model != nullptr && settings.fine_tune && !model->config.model.conditions.empty()) {
    throw Error(ErrorKind::usage,
                fmt::format("{}: the model has conditions of its samples, with which its encoder "
                            "is not trained further: leave out --fine-tune",
                            model->file.path),
                Reach::everywhere);
  }
  const auto rows = stratified_subset(training.labels, settings.label_fraction, settings.seed);
  const auto labels = labels_of(training.labels, rows);
  const auto largest = [](const std::vector<std::int32_t>& all) {
    return all.empty() ? 0 : *std::ranges::max_element(all);
  };
  ProbeResult result;
  result.classes = std::max(largest(training.labels), largest(validation.labels)) + Index{1};
  result.training_samples = static_cast<Index>(rows.size());
  result.validation_samples = validation.reader->info().rows();
  const ShardPlan plan(result.training_samples, settings.batch / settings.micro_batch,
                       settings.micro_batch);
  Range shards;
  collectively(communicator,
               [&] { shards = plan.shards_of_rank(communicator.rank(), communicator.size()); });
  const auto weights = weights_of(training.weights, rows);
  const SampleSourceSettings source_settings{
      plan, shards, {settings.seed, 32, 64}, training.transform, weights};
  const bool fine_tune = model != nullptr && settings.fine_tune;
  const bool frozen = model != nullptr && !settings.fine_tune;
  InputTransform codes;
  std::unique_ptr<SampleSource> source;
  if (frozen) {
    source = hold_codes(communicator, *training.reader, rows, source_settings,
                        {model->network.get(), model->parameters.data(), training.conditions}, pool,
                        settings.standardize, codes);
  } else if (settings.label_fraction < 1) {
    source = hold_rows(communicator, *training.reader, rows, source_settings);
  } else {
    source = open_training_data(communicator, *training.reader, source_settings,
                                memory_budget(communicator, settings.memory));
  }
  const Classifier classifier = fine_tune ? Classifier(*model->network, result.classes, labels)
                                          : Classifier(frozen ? model->network->code_size()
                                                              : training.reader->info().features(),
                                                       result.classes, labels);
  // The softmax starts at 0: all classes are equally likely.
  Buffer<float> parameters(classifier.layout().size());
  if (fine_tune)
    std::copy_n(model->parameters.data(), classifier.encoder_size(), parameters.data());
  StageSettings stage_settings;
  stage_settings.optimizer = settings.optimizer;
  stage_settings.schedule = settings.schedule;
  stage_settings.update.decay_biases = false;
  stage_settings.epochs = settings.epochs;
  Stage stage(communicator, classifier, plan, pool, parameters.span(), stage_settings);
  Index step = 0;
  for (Index epoch = 0; epoch < settings.epochs; ++epoch) {
    const auto number = static_cast<std::uint32_t>(epoch);
    collectively(communicator, [&] { source->begin_epoch(number, 0); });
    ExactSum loss;
    ExactSum wrong;
    for (Index s = 0; s < plan.steps_per_epoch(); ++s, ++step) {
      const StepTotals& totals = stage.gradient(*source, settings.seed, number, s);
      if (totals.failed) {
        collectively(communicator, [&] {
          if (totals.failure) std::rethrow_exception(totals.failure);
        });
      }
      loss.add(totals.loss);
      wrong.add(totals.squared_error);
      stage.update(step, stage.schedule().rate(step), std::nullopt);
    }
    result.loss = loss.value() / static_cast<double>(plan.samples());
    result.training_accuracy = 1 - wrong.value() / static_cast<double>(plan.samples());
    if (!std::isfinite(result.loss)) {
      throw Error(
          ErrorKind::diverged,
          fmt::format(
              "diverged in epoch {}: the loss is not finite; try a --learning-rate below {:g}",
              epoch + 1, settings.schedule.learning_rate),
          Reach::everywhere);
    }
    progress(epoch + 1, result.loss, result.training_accuracy);
  }
  result.confusion =
      confusion_of(communicator, model, codes, classifier, stage.parameters(), validation,
                   result.classes, fine_tune, pool, settings.micro_batch);
  Index correct = 0;
  for (Index c = 0; c < result.classes; ++c)
    correct += result.confusion[static_cast<std::size_t>(c * result.classes + c)];
  result.accuracy = static_cast<double>(correct) /
                    static_cast<double>(std::max<Index>(1, result.validation_samples));
  return result;
}

}  // namespace hourglass
