#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "analysis/probe.hpp"
#include "cli/command.hpp"
#include "cli/condition_options.hpp"
#include "cli/model_arguments.hpp"
#include "cli/reading_options.hpp"
#include "config/data_reading.hpp"
#include "config/settings.hpp"
#include "data/labels.hpp"
#include "data/sample_weights.hpp"
#include "data/statistics.hpp"
#include "engine/inference.hpp"
#include "engine/training_data.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

// A table of more classes is not readable.
constexpr Index most_printed_classes = 30;

ProbeSettings read_settings(const Arguments& arguments) {
  ProbeSettings settings;
  settings.fine_tune = arguments.flag("fine-tune");
  settings.standardize = !arguments.has("standardize") || arguments.flag("standardize");
  settings.label_fraction = arguments.number("label-fraction", 1);
  settings.optimizer.name = arguments.get("optimizer", "adam");
  settings.optimizer.momentum = arguments.number("momentum", 0);
  settings.optimizer.weight_decay = arguments.number("weight-decay", 0);
  settings.schedule.name = arguments.get("schedule", "cosine");
  settings.schedule.learning_rate =
      arguments.number("learning-rate", settings.fine_tune ? 1e-3 : 1e-2);
  settings.epochs = arguments.integer("epochs", settings.epochs, 0);
  settings.batch = arguments.integer("batch", settings.batch, 1);
  settings.micro_batch = arguments.integer("micro-batch", settings.micro_batch, 1);
  settings.seed = static_cast<std::uint64_t>(arguments.integer("seed", 1, 0));
  settings.memory = parse_bytes("memory", arguments.get("memory", "auto"));
  if (settings.schedule.name != "constant" && settings.schedule.name != "cosine") {
    throw Error(ErrorKind::usage,
                fmt::format("--schedule is '{}', but constant or cosine is expected",
                            settings.schedule.name));
  }
  check_probe(settings);
  return settings;
}

Labels labels_for(const Arguments& arguments, const char* option, const DatasetReader& reader) {
  const DatasetInfo& info = reader.info();
  std::optional<DatasetAddress> address;
  std::string reason = "no labels beside the samples (a data set 'labels' or 'y', one per sample)";
  if (arguments.has(option)) {
    address = parse_address(arguments.get(option));
    address->options = info.address.options;
  } else {
    const LabelsBeside beside = labels_beside(info);
    address = beside.address;
    if (!beside.reason.empty()) reason += "; " + beside.reason;
  }
  if (!address) {
    throw Error(ErrorKind::data, fmt::format("{}: {}; name them with --{} FILE.h5:/path",
                                             to_string(info.address), reason, option));
  }
  return read_labels(*address, info.rows());
}

void print_confusion(const ProbeResult& result) {
  if (result.classes > most_printed_classes) {
    fmt::print("{} classes: --json has the confusion matrix\n", result.classes);
    return;
  }
  fmt::print("confusion matrix: samples of the row's class taken for the column's\n     ");
  for (Index c = 0; c < result.classes; ++c) fmt::print(" {:>6}", c);
  fmt::print("\n");
  for (Index r = 0; r < result.classes; ++r) {
    fmt::print("{:>5}", r);
    for (Index c = 0; c < result.classes; ++c)
      fmt::print(" {:>6}", result.confusion[static_cast<std::size_t>(r * result.classes + c)]);
    fmt::print("\n");
  }
}

void print_result(const Arguments& arguments, const ProbeResult& result,
                  const std::vector<std::string>& names) {
  if (!arguments.flag("json")) {
    print_confusion(result);
    if (!names.empty() && result.classes <= most_printed_classes) {
      fmt::print("classes:");
      for (std::size_t c = 0; c < names.size(); ++c)
        fmt::print("{} {} {}", c > 0 ? "," : "", c, names[c]);
      fmt::print("\n");
    }
    fmt::print("accuracy {:.4f} on {} validation samples; {} labels used, {} classes\n",
               result.accuracy, result.validation_samples, result.training_samples, result.classes);
    return;
  }
  nlohmann::ordered_json json;
  json["accuracy"] = result.accuracy;
  json["training_accuracy"] = result.training_accuracy;
  json["loss"] = result.loss;
  json["classes"] = result.classes;
  if (!names.empty()) json["class_names"] = names;
  json["training_samples"] = result.training_samples;
  json["validation_samples"] = result.validation_samples;
  json["confusion"] = nlohmann::ordered_json::array();
  for (Index r = 0; r < result.classes; ++r) {
    const auto row = result.confusion.begin() + r * result.classes;
    json["confusion"].push_back(std::vector<Index>(row, row + result.classes));
  }
  fmt::print("{}\n", json.dump());
}

/// The rows of both data sets, which may be parts of one.
struct ProbeReading {
  std::string validation;
  ReadOptions training_rows;
  ReadOptions validation_rows;
};

ProbeReading read_rows(const Arguments& arguments, const TrainConfig& trained) {
  ProbeReading reading;
  reading.training_rows = reading_from(arguments, trained, DataPart::training);
  reading.validation_rows = for_other_rows(reading.training_rows);
  RowViews& views = reading.training_rows.views;
  if (arguments.has("validation")) {
    reading.validation = arguments.required("validation");
  } else if (views.split.active()) {
    if (!arguments.has("select-rows")) views.rows = trained.reading.views.rows;
    reading.validation = arguments.required("data");
    reading.validation_rows = reading.training_rows;
    views.part = DataPart::training;
    reading.validation_rows.views.part = DataPart::validation;
  } else {
    throw Error(ErrorKind::usage,
                "no samples to validate on: give --validation FILE.h5:/path, or hold out rows of "
                "--data with --validation-fraction");
  }
  return reading;
}

/// Without a model, both data sets are normalised as `normalize` says for the first.
std::pair<MatchedData, MatchedData> open_samples(const Communicator& world,
                                                 const Arguments& arguments,
                                                 const ProbeReading& reading, const Model* model,
                                                 Normalize normalize) {
  const std::string data = arguments.get("data");
  if (model != nullptr) {
    const GivenScale scale = read_scale(arguments);
    MatchedData training = open_matched(world, data, reading.training_rows, *model, scale);
    return {std::move(training),
            open_matched(world, reading.validation, reading.validation_rows, *model, scale)};
  }
  MatchedData training;
  training.reader = open_everywhere(world, data, reading.training_rows);
  training.transform = input_transform(world, *training.reader, normalize);
  const DatasetInfo& info = training.reader->info();
  ModelInput input{info.features(), &training.transform, identity_of(info, normalize)};
  input.trained->range = typical_range(world, *training.reader);
  MatchedData held_out =
      match_data(world, open_everywhere(world, reading.validation, reading.validation_rows), input);
  return {std::move(training), std::move(held_out)};
}

/// The conditions of both data sets, which a model may need.
void read_probe_conditions(const Communicator& world, const Arguments& arguments,
                           const Model& model, LabelledData& training, LabelledData& held_out) {
  const GivenConditions given = given_conditions(arguments);
  GivenConditions other = given;
  collectively(world, [&] {
    if (arguments.has("validation")) other.addresses = arguments.get("validation-condition");
    if (arguments.has("validation") && !given.addresses.empty() && other.addresses.empty()) {
      throw Error(ErrorKind::usage,
                  "--condition with --validation needs --validation-condition, the same of those "
                  "samples");
    }
    if (arguments.has("validation-condition") && !arguments.has("validation"))
      throw Error(ErrorKind::usage, "--validation-condition needs --validation");
  });
  training.conditions = sample_conditions(world, model, given, training.reader->info());
  held_out.conditions = sample_conditions(world, model, other, held_out.reader->info());
}

void run_probe(const Arguments& arguments) {
  const auto world = Communicator::world();
  ProbeSettings settings;
  std::optional<Model> model;
  ProbeReading reading;
  Index threads = 1;
  Normalize normalize = Normalize::automatic;
  collectively(world, [&] {
    if (arguments.flag("raw") == arguments.has("model")) {
      throw Error(ErrorKind::usage,
                  "give one of --model FILE, and --raw to classify the samples themselves");
    }
    if (arguments.flag("raw") && arguments.flag("fine-tune")) {
      throw Error(ErrorKind::usage,
                  "--fine-tune trains a model's encoder, but --raw has none: give --model");
    }
    if (arguments.has("normalize") && !arguments.flag("raw")) {
      throw Error(ErrorKind::usage, "--normalize goes with --raw: a model brings its own");
    }
    if (arguments.has("condition") && arguments.flag("raw"))
      throw Error(ErrorKind::usage,
                  "--condition is told to a model, but --raw has none: leave it out");
    static_cast<void>(arguments.required("data"));
    threads = arguments.integer("threads", 1, 1);
    normalize = normalize_from(arguments.get("normalize", "auto"));
    settings = read_settings(arguments);
    if (arguments.has("model")) model = load_model(arguments.get("model"), true);
    reading = read_rows(arguments, model ? model->config : TrainConfig{});
  });
  const auto [samples, held_out_samples] =
      open_samples(world, arguments, reading, model ? &*model : nullptr, normalize);
  LabelledData training;
  LabelledData held_out;
  std::vector<std::string> names;
  collectively(world, [&] {
    Labels training_labels = labels_for(arguments, "labels", *samples.reader);
    Labels held_out_labels = labels_for(arguments, "validation-labels", *held_out_samples.reader);
    number_alike(std::array{&training_labels, &held_out_labels});
    training = {samples.reader.get(), samples.transform, class_labels(training_labels)};
    held_out = {held_out_samples.reader.get(), held_out_samples.transform,
                class_labels(held_out_labels)};
    names = training_labels.names;
    if (arguments.has("sample-weights"))
      training.weights =
          read_sample_weights(arguments.get("sample-weights"), samples.reader->info());
  });
  if (model) read_probe_conditions(world, arguments, *model, training, held_out);
  WorkerPool pool(threads);
  const bool speaks = world.is_root() && !arguments.flag("json");
  const ProbeResult result =
      probe(world, model ? &*model : nullptr, training, held_out, settings, pool,
            [&](Index epoch, double loss, double accuracy) {
              if (!speaks) return;
              fmt::print("epoch {}/{}  loss {:.6g}  training accuracy {:.4f}\n", epoch,
                         settings.epochs, loss, accuracy);
              std::fflush(stdout);
            });
  if (world.is_root()) print_result(arguments, result, names);
}

}  // namespace

Command probe_command() {
  std::vector<Option> conditions = condition_options();
  conditions.insert(conditions.begin() + 1,
                    Option{"validation-condition", "input", "The same of --validation", "", false});
  std::vector<Option> options = with_reading_options(
      {{"model", "input", "Model or checkpoint file", "", false},
       {"raw", "input", "Classify the samples themselves, without a model", "", true},
       {"data", "input", "Training samples: FILE.h5:/path/to/dataset", "", false},
       {"labels", "input", "Their labels: integers from 0, or names", "labels beside the samples",
        false},
       {"validation", "input", "Samples on which accuracy and confusion matrix are measured",
        "the rows held out of --data", false},
       {"validation-labels", "input", "Their labels", "labels beside the samples", false},
       scale_option(),
       channels_option(),
       {"normalize", "input", "raw: auto, none, unit or standardize, as for train", "auto", false},
       {"sample-weights", "input",
        "FILE.h5:/path of a weight for each row of --data, in the loss of training", "", false},
       {"label-fraction", "input",
        "Fraction of each class whose labels are used; the other samples are ignored", "1", false},
       {"standardize", "training", "Standardize frozen codes by their mean and standard deviation",
        "true", true},
       {"fine-tune", "training", "Train the encoder together with the classifier", "", true},
       {"epochs", "training", "Number of passes over the labelled samples", "30", false},
       {"learning-rate", "training", "Base learning rate", "0.01; 0.001 with --fine-tune", false},
       {"schedule", "training", "constant or cosine", "cosine", false},
       {"optimizer", "training", fmt::format("Optimizer: {}", fmt::join(optimizer_names(), ", ")),
        "adam", false},
       {"momentum", "training", "sgd, rmsprop, lars, muon: momentum coefficient", "0", false},
       {"weight-decay", "training", "Weight decay, not applied to biases", "0", false},
       {"batch", "training", "Global batch size: samples per update over all ranks", "256", false},
       {"micro-batch", "training", "Samples processed together by one thread", "32", false},
       {"seed", "training", "Random seed", "1", false},
       {"threads", "run", "Worker threads per rank", "1", false},
       {"memory", "run",
        "raw, fine-tune: bytes of samples held in memory per rank; 0 always streams", "auto",
        false},
       {"json", "output", "Print one JSON object", "", true},
       {"help", "output", "Show this text", "", true}},
      7);
  for (Option& option : conditions) options.push_back(std::move(option));
  return {"probe",
          "Train a linear classifier on a model's codes (linear probe)",
          "mpirun -n RANKS hourglass probe --model run/model.h5 --data FILE.h5:/train/samples "
          "--validation FILE.h5:/test/samples",
          "Frozen codes are computed once and kept in memory. --fine-tune also trains the encoder; "
          "--raw classifies the samples themselves.\nA model trained for 0 epochs (hourglass train "
          "--epochs 0) is the untrained encoder for comparison.\nThe results are the same on any "
          "number of ranks and threads.\n",
          options,
          0,
          true,
          run_probe,
          false,
          {"threads", "micro-batch", "memory"}};
}

}  // namespace hourglass
