#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "analysis/probe.hpp"
#include "cli/command.hpp"
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

LabelledData labelled(const Arguments& arguments, const char* option, const DatasetReader& reader) {
  LabelledData data{&reader, {}};
  const DatasetInfo& info = reader.info();
  const std::optional<DatasetAddress> address =
      arguments.has(option) ? std::optional(labels_at(arguments.get(option), info))
                            : labels_beside(info);
  if (!address) {
    throw Error(ErrorKind::data,
                fmt::format("{}: no labels beside the samples (a one-dimensional integer data set "
                            "'labels', one per sample); name them with --{} FILE.h5:/path",
                            to_string(info.address), option));
  }
  data.labels = class_labels(*address, info.rows());
  return data;
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

void print_result(const Arguments& arguments, const ProbeResult& result) {
  if (!arguments.flag("json")) {
    print_confusion(result);
    fmt::print("accuracy {:.4f} on {} validation samples; {} labels used, {} classes\n",
               result.accuracy, result.validation_samples, result.training_samples, result.classes);
    return;
  }
  nlohmann::ordered_json json;
  json["accuracy"] = result.accuracy;
  json["training_accuracy"] = result.training_accuracy;
  json["loss"] = result.loss;
  json["classes"] = result.classes;
  json["training_samples"] = result.training_samples;
  json["validation_samples"] = result.validation_samples;
  json["confusion"] = nlohmann::ordered_json::array();
  for (Index r = 0; r < result.classes; ++r) {
    const auto row = result.confusion.begin() + r * result.classes;
    json["confusion"].push_back(std::vector<Index>(row, row + result.classes));
  }
  fmt::print("{}\n", json.dump());
}

void run_probe(const Arguments& arguments) {
  const auto world = Communicator::world();
  ProbeSettings settings;
  std::optional<Model> model;
  std::string data;
  std::string validation;
  ReadOptions reading;
  ReadOptions validation_reading;
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
    data = arguments.required("data");
    threads = arguments.integer("threads", 1, 1);
    normalize = normalize_from(arguments.get("normalize", "auto"));
    settings = read_settings(arguments);
    if (arguments.has("model")) model = load_model(arguments.get("model"));
    const TrainConfig trained = model ? model->config : TrainConfig{};
    reading = reading_from(arguments, trained, DataPart::training);
    validation_reading = for_other_rows(reading);
    if (arguments.has("validation")) {
      validation = arguments.required("validation");
    } else if (reading.views.split.active()) {
      if (!arguments.has("select-rows")) reading.views.rows = trained.reading.views.rows;
      validation = data;
      validation_reading = reading;
      reading.views.part = DataPart::training;
      validation_reading.views.part = DataPart::validation;
    } else {
      throw Error(ErrorKind::usage,
                  "no samples to validate on: give --validation FILE.h5:/path, or hold out rows of "
                  "--data with --validation-fraction");
    }
  });
  const auto reader = open_everywhere(world, data, reading);
  const auto validation_reader = open_everywhere(world, validation, validation_reading);
  LabelledData training;
  LabelledData held_out;
  collectively(world, [&] {
    const Index features = model ? model->network->features() : reader->info().features();
    check_features(reader->info(), features);
    check_features(validation_reader->info(), features);
    training = labelled(arguments, "labels", *reader);
    held_out = labelled(arguments, "validation-labels", *validation_reader);
    if (arguments.has("sample-weights"))
      training.weights = read_sample_weights(arguments.get("sample-weights"), reader->info());
  });
  const InputTransform transform =
      model ? model->transform : input_transform(world, *reader, normalize);
  WorkerPool pool(threads);
  const bool speaks = world.is_root() && !arguments.flag("json");
  const ProbeResult result =
      probe(world, model ? &*model : nullptr, transform, training, held_out, settings, pool,
            [&](Index epoch, double loss, double accuracy) {
              if (!speaks) return;
              fmt::print("epoch {}/{}  loss {:.6g}  training accuracy {:.4f}\n", epoch,
                         settings.epochs, loss, accuracy);
              std::fflush(stdout);
            });
  if (world.is_root()) print_result(arguments, result);
}

}  // namespace

Command probe_command() {
  return {
      "probe",
      "Train a linear classifier on a model's codes (linear probe)",
      "mpirun -n RANKS hourglass probe --model run/model.h5 --data FILE.h5:/train/samples "
      "--validation FILE.h5:/test/samples",
      "Frozen codes are computed once and kept in memory. --fine-tune also trains the encoder; "
      "--raw classifies the samples themselves.\nA model trained for 0 epochs (hourglass train "
      "--epochs 0) is the untrained encoder for comparison.\nThe results are the same on any "
      "number of ranks and threads.\n",
      with_reading_options(
          {{"model", "input", "Model or checkpoint file", "", false},
           {"raw", "input", "Classify the samples themselves, without a model", "", true},
           {"data", "input", "Training samples: FILE.h5:/path/to/dataset", "", false},
           {"labels", "input", "Their labels, integers from 0", "labels beside the samples", false},
           {"validation", "input", "Samples on which accuracy and confusion matrix are measured",
            "the rows held out of --data", false},
           {"validation-labels", "input", "Their labels", "labels beside the samples", false},
           {"normalize", "input", "raw: auto, none, unit or standardize, as for train", "auto",
            false},
           {"sample-weights", "input",
            "FILE.h5:/path of a weight for each row of --data, in the loss of training", "", false},
           {"label-fraction", "input",
            "Fraction of each class whose labels are used; the other samples are ignored", "1",
            false},
           {"standardize", "training",
            "Standardize frozen codes by their mean and standard deviation", "true", true},
           {"fine-tune", "training", "Train the encoder together with the classifier", "", true},
           {"epochs", "training", "Number of passes over the labelled samples", "30", false},
           {"learning-rate", "training", "Base learning rate", "0.01; 0.001 with --fine-tune",
            false},
           {"schedule", "training", "constant or cosine", "cosine", false},
           {"optimizer", "training",
            fmt::format("Optimizer: {}", fmt::join(optimizer_names(), ", ")), "adam", false},
           {"momentum", "training", "sgd, rmsprop, lars, muon: momentum coefficient", "0", false},
           {"weight-decay", "training", "Weight decay, not applied to biases", "0", false},
           {"batch", "training", "Global batch size: samples per update over all ranks", "256",
            false},
           {"micro-batch", "training", "Samples processed together by one thread", "32", false},
           {"seed", "training", "Random seed", "1", false},
           {"threads", "run", "Worker threads per rank", "1", false},
           {"memory", "run",
            "raw, fine-tune: bytes of samples held in memory per rank; 0 always streams", "auto",
            false},
           {"json", "output", "Print one JSON object", "", true},
           {"help", "output", "Show this text", "", true}},
          6),
      0,
      true,
      run_probe,
      false,
      {"threads", "micro-batch", "memory"}};
}

}  // namespace hourglass
