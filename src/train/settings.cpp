#include "hourglass/train/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <sstream>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

[[noreturn]] void bad_value(const std::string& name, const std::string& text, const std::string& wanted) {
  throw Error(ErrorKind::usage, fmt::format("--{} is '{}', but {} is expected", name, text, wanted));
}

template <class T>
T parse_number(const std::string& name, const std::string& text, const char* wanted) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) bad_value(name, text, wanted);
  if constexpr (std::is_floating_point_v<T>) {
    if (!std::isfinite(value)) bad_value(name, text, "a finite number");
  }
  return value;
}

bool parse_bool(const std::string& name, const std::string& text) {
  if (text == "true" || text == "yes" || text == "on" || text == "1") return true;
  if (text == "false" || text == "no" || text == "off" || text == "0") return false;
  bad_value(name, text, "true or false");
}

// Each maker below turns an accessor (a function from the configuration to one of its fields) into a row of the table.
struct Row {
  std::string name;
  std::string section;
  std::string help;
  Scope scope = Scope::trajectory;
};

template <class Access>
Setting text_setting(Row row, Access access) {
  return {row.name, row.section, row.help, false, row.scope,
          [access](const TrainConfig& c) { return access(const_cast<TrainConfig&>(c)); },
          [access](TrainConfig& c, const std::string& text) { access(c) = text; }};
}

template <class Access>
Setting integer_setting(Row row, Access access) {
  using Value = std::remove_reference_t<decltype(access(std::declval<TrainConfig&>()))>;
  return {row.name, row.section, row.help, false, row.scope,
          [access](const TrainConfig& c) { return std::to_string(access(const_cast<TrainConfig&>(c))); },
          [access, name = row.name](TrainConfig& c, const std::string& text) {
            access(c) = parse_number<Value>(name, text, "a whole number");
          }};
}

template <class Access>
Setting number_setting(Row row, Access access) {
  return {row.name, row.section, row.help, false, row.scope,
          [access](const TrainConfig& c) { return fmt::format("{}", access(const_cast<TrainConfig&>(c))); },
          [access, name = row.name](TrainConfig& c, const std::string& text) {
            access(c) = parse_number<double>(name, text, "a number");
          }};
}

template <class Access>
Setting flag_setting(Row row, Access access) {
  return {row.name, row.section, row.help, true, row.scope,
          [access](const TrainConfig& c) { return std::string(access(const_cast<TrainConfig&>(c)) ? "true" : "false"); },
          [access, name = row.name](TrainConfig& c, const std::string& text) { access(c) = parse_bool(name, text); }};
}

template <class Access>
Setting bytes_setting(Row row, Access access) {
  return {row.name, row.section, row.help, false, row.scope,
          [access](const TrainConfig& c) { return format_bytes(access(const_cast<TrainConfig&>(c))); },
          [access, name = row.name](TrainConfig& c, const std::string& text) { access(c) = parse_bytes(name, text); }};
}

// Words of an enumeration: `parse` throws the module's own message, to which the setting's name is added.
template <class Access, class Parse>
Setting word_setting(Row row, Access access, Parse parse) {
  return {row.name, row.section, row.help, false, row.scope,
          [access](const TrainConfig& c) { return std::string(name_of(access(const_cast<TrainConfig&>(c)))); },
          [access, parse, name = row.name](TrainConfig& c, const std::string& text) {
            try {
              access(c) = parse(text);
            } catch (const Error& error) {
              throw Error(ErrorKind::usage, fmt::format("--{}: {}", name, error.what()));
            }
          }};
}

// A word out of a list that lives as text in the configuration.
template <class Access>
Setting choice_setting(Row row, std::vector<std::string> choices, Access access) {
  return {row.name, row.section, fmt::format("{}: {}", row.help, fmt::join(choices, ", ")), false, row.scope,
          [access](const TrainConfig& c) { return access(const_cast<TrainConfig&>(c)); },
          [access, choices, name = row.name](TrainConfig& c, const std::string& text) {
            if (std::find(choices.begin(), choices.end(), text) == choices.end()) {
              bad_value(name, text, fmt::format("one of {}", fmt::join(choices, ", ")) + suggestion(text, choices));
            }
            access(c) = text;
          }};
}

template <class Access>
Setting widths_setting(Row row, Access access) {
  return {row.name, row.section, row.help, false, row.scope,
          [access](const TrainConfig& c) { return fmt::format("{}", fmt::join(access(const_cast<TrainConfig&>(c)), ",")); },
          [access, name = row.name](TrainConfig& c, const std::string& text) {
            std::vector<Index> widths;
            std::istringstream stream(text);
            for (std::string width; std::getline(stream, width, ',');) {
              widths.push_back(parse_number<Index>(name, width, "a list of widths such as 784,500,30"));
            }
            access(c) = std::move(widths);
          }};
}

std::string format_interval(const Interval& interval) {
  static constexpr const char* units[] = {"steps", "epochs", "s"};
  return fmt::format("{}{}", interval.count, units[static_cast<int>(interval.unit)]);
}

Interval parse_interval(const std::string& name, const std::string& text) {
  static const std::map<std::string, Interval::Unit> units = {
      {"steps", Interval::Unit::steps}, {"step", Interval::Unit::steps}, {"", Interval::Unit::steps},
      {"epochs", Interval::Unit::epochs}, {"epoch", Interval::Unit::epochs}, {"s", Interval::Unit::seconds}};
  const auto split = text.find_first_not_of("0123456789.");
  const std::string number = text.substr(0, split);
  const auto unit = units.find(split == std::string::npos ? "" : text.substr(split));
  if (unit == units.end() || number.empty()) bad_value(name, text, "a number with a unit: 500steps, 1epochs or 600s");
  const Interval interval{parse_number<double>(name, number, "a number with a unit: 500steps, 1epochs or 600s"), unit->second};
  if (interval.unit != Interval::Unit::seconds && interval.count != std::floor(interval.count)) {
    bad_value(name, text, "a whole number of steps or epochs");
  }
  return interval;
}

std::vector<Setting> data_settings() {
  const std::string s = "data";
  return {
      text_setting({"data", s, "Training samples: FILE.h5:/path/to/dataset", Scope::run},
                   [](TrainConfig& c) -> std::string& { return c.data; }),
      text_setting({"validation", s, "Validation samples, evaluated after every epoch", Scope::run},
                   [](TrainConfig& c) -> std::string& { return c.validation; }),
      word_setting({"normalize", s,
                    "How stored numbers become inputs: auto (integers to [0,1], floats as they are), none, unit, standardize"},
                   [](TrainConfig& c) -> Normalize& { return c.normalize; }, normalize_from),
      integer_setting({"shuffle-block", s, "Rows, contiguous on disk, that stay together until the window shuffle"},
                      [](TrainConfig& c) -> Index& { return c.shuffle_block; }),
      integer_setting({"shuffle-window", s, "Blocks whose rows are shuffled together"},
                      [](TrainConfig& c) -> Index& { return c.shuffle_window; }),
      bytes_setting({"memory", s,
                     "Bytes of training data a rank may hold (e.g. 4GiB); larger shards are streamed, 0 always streams; auto: half "
                     "of the node's memory over its ranks",
                     Scope::run},
                    [](TrainConfig& c) -> Index& { return c.memory; }),
  };
}

std::vector<Setting> model_settings() {
  const std::string s = "model";
  return {
      widths_setting({"layers", s, "Widths of the encoder from the input to the code, e.g. 784,1000,500,250,30"},
                     [](TrainConfig& c) -> std::vector<Index>& { return c.model.encoder; }),
      widths_setting({"decoder-layers", s, "Widths of the decoder from the code to the output; empty mirrors the encoder"},
                     [](TrainConfig& c) -> std::vector<Index>& { return c.model.decoder; }),
      word_setting({"activation", s, fmt::format("Hidden non-linearity: {}", fmt::join(activation_names(), ", "))},
                   [](TrainConfig& c) -> Activation& { return c.model.activation; }, activation_from),
      word_setting({"code-activation", s, "Non-linearity of the code layer"},
                   [](TrainConfig& c) -> Activation& { return c.model.code_activation; }, activation_from),
      word_setting({"output-activation", s, "Non-linearity of the reconstruction"},
                   [](TrainConfig& c) -> Activation& { return c.model.output_activation; }, activation_from),
      word_setting({"loss", s, fmt::format("Error function: {}", fmt::join(loss_names(), ", "))},
                   [](TrainConfig& c) -> Loss& { return c.model.loss; }, loss_from),
      {"loss-reduction", s, "Over the features of a sample: mean (as in PyTorch) or sum", false, Scope::trajectory,
       [](const TrainConfig& c) { return std::string(c.model.feature_mean ? "mean" : "sum"); },
       [](TrainConfig& c, const std::string& text) {
         if (text != "mean" && text != "sum") bad_value("loss-reduction", text, "mean or sum");
         c.model.feature_mean = text == "mean";
       }},
      word_setting({"initialization", s, fmt::format("Initial weights: {}", fmt::join(initialization_names(), ", "))},
                   [](TrainConfig& c) -> Initialization& { return c.initialization; }, initialization_from),
  };
}

std::vector<Setting> optimizer_settings() {
  const std::string s = "optimizer";
  return {
      choice_setting({"optimizer", s, "Update rule"}, optimizer_names(),
                     [](TrainConfig& c) -> std::string& { return c.optimizer.name; }),
      number_setting({"learning-rate", s, "Base learning rate"},
                     [](TrainConfig& c) -> double& { return c.schedule.learning_rate; }),
      number_setting({"momentum", s, "sgd: momentum"}, [](TrainConfig& c) -> double& { return c.optimizer.momentum; }),
      flag_setting({"nesterov", s, "sgd: Nesterov's momentum"}, [](TrainConfig& c) -> bool& { return c.optimizer.nesterov; }),
      number_setting({"beta1", s, "adam, adamw: decay of the mean"}, [](TrainConfig& c) -> double& { return c.optimizer.beta1; }),
      number_setting({"beta2", s, "adam, adamw: decay of the variance"},
                     [](TrainConfig& c) -> double& { return c.optimizer.beta2; }),
      number_setting({"epsilon", s, "adam, adamw: term added to the root of the variance"},
                     [](TrainConfig& c) -> double& { return c.optimizer.epsilon; }),
      number_setting({"weight-decay", s, "L2 penalty (sgd, adam) or decoupled decay (adamw)"},
                     [](TrainConfig& c) -> double& { return c.optimizer.weight_decay; }),
      flag_setting({"decay-biases", s, "Whether weight decay also applies to biases"},
                   [](TrainConfig& c) -> bool& { return c.decay_biases; }),
      number_setting({"clip-norm", s, "Largest global norm of the gradient; 0: no clipping"},
                     [](TrainConfig& c) -> double& { return c.clip_norm; }),
      choice_setting({"schedule", s, "Learning rate over time"}, schedule_names(),
                     [](TrainConfig& c) -> std::string& { return c.schedule.name; }),
      number_setting({"final-learning-rate", s, "cosine: the rate at the end"},
                     [](TrainConfig& c) -> double& { return c.schedule.final_learning_rate; }),
      number_setting({"decay-factor", s, "step: factor at every decay"},
                     [](TrainConfig& c) -> double& { return c.schedule.decay_factor; }),
      number_setting({"decay-epochs", s, "step: epochs between decays"},
                     [](TrainConfig& c) -> double& { return c.schedule.decay_epochs; }),
      number_setting({"warmup-epochs", s, "Linear warm-up before the schedule begins"},
                     [](TrainConfig& c) -> double& { return c.schedule.warmup_epochs; }),
      integer_setting({"batch", s, "Global batch: samples of one update, over all ranks"},
                      [](TrainConfig& c) -> Index& { return c.batch; }),
      integer_setting({"micro-batch", s, "Samples computed together by one thread; batch/micro-batch is the number of shards"},
                      [](TrainConfig& c) -> Index& { return c.micro_batch; }),
      integer_setting({"epochs", s, "Passes over the training data"}, [](TrainConfig& c) -> Index& { return c.epochs; }),
      integer_setting({"seed", s, "Seed of every random number"}, [](TrainConfig& c) -> std::uint64_t& { return c.seed; }),
  };
}

std::vector<Setting> run_settings() {
  const std::string s = "run";
  return {
      integer_setting({"threads", s, "Worker threads a rank", Scope::run}, [](TrainConfig& c) -> Index& { return c.threads; }),
      word_setting({"reduction", s, "tree (same bits on any number of ranks) or allreduce (the classic scheme)"},
                   [](TrainConfig& c) -> Reduction& { return c.reduction; }, reduction_from),
      bytes_setting({"bucket-bytes", s, "Size of the pieces in which gradients are exchanged", Scope::run},
                    [](TrainConfig& c) -> Index& { return c.bucket_bytes; }),
      text_setting({"output", s, "Run folder to create", Scope::run}, [](TrainConfig& c) -> std::string& { return c.output; }),
      {"checkpoint-every", s, "e.g. 500steps, 1epochs, 600s; 0 only when stopped", false, Scope::run,
       [](const TrainConfig& c) { return format_interval(c.checkpoint_every); },
       [](TrainConfig& c, const std::string& text) { c.checkpoint_every = parse_interval("checkpoint-every", text); }},
      integer_setting({"keep", s, "Checkpoints to keep", Scope::run}, [](TrainConfig& c) -> Index& { return c.keep; }),
      integer_setting({"log-every", s, "Steps between step records in metrics.jsonl; 0: epochs only", Scope::run},
                      [](TrainConfig& c) -> Index& { return c.log_every; }),
      choice_setting({"progress", s, "Report on rank 0", Scope::run}, {"auto", "line", "plain", "none"},
                     [](TrainConfig& c) -> std::string& { return c.progress; }),
  };
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

}  // namespace

const std::vector<Setting>& train_settings() {
  static const std::vector<Setting> settings = [] {
    std::vector<Setting> all;
    for (auto part : {data_settings(), model_settings(), optimizer_settings(), run_settings()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }();
  return settings;
}

const Setting& find_setting(std::string_view name) {
  std::vector<std::string> names;
  for (const Setting& setting : train_settings()) {
    if (setting.name == name) return setting;
    names.push_back(setting.name);
  }
  throw Error(ErrorKind::usage, fmt::format("unknown setting '{}'{}", name, suggestion(name, names)));
}

std::string to_text(const TrainConfig& config) {
  std::string text;
  std::string section;
  for (const Setting& setting : train_settings()) {
    if (setting.section != section) {
      text += fmt::format("{}[{}]\n", section.empty() ? "" : "\n", setting.section);
      section = setting.section;
    }
    text += fmt::format("{} = {}\n", setting.name, setting.get(config));
  }
  return text;
}

void apply_text(const std::string& text, const std::string& origin, TrainConfig& config) {
  std::istringstream stream(text);
  std::map<std::string, int> seen;
  int number = 0;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    const std::string content = trimmed(line);
    if (content.empty() || content.front() == '#' || content.front() == ';') continue;
    if (content.front() == '[' && content.back() == ']') continue;
    try {
      const auto equals = content.find('=');
      if (equals == std::string::npos) throw Error(ErrorKind::usage, fmt::format("'{}' is not of the form name = value", content));
      const Setting& setting = find_setting(trimmed(content.substr(0, equals)));
      if (!seen.emplace(setting.name, number).second) {
        throw Error(ErrorKind::usage, fmt::format("{} was already set in line {}", setting.name, seen[setting.name]));
      }
      setting.set(config, trimmed(content.substr(equals + 1)));
    } catch (const Error& error) {
      throw Error(ErrorKind::usage, fmt::format("{}, line {}: {}", origin, number, error.what()));
    }
  }
}

void check_resumable(const TrainConfig& stored, const TrainConfig& wanted) {
  for (const Setting& setting : train_settings()) {
    const std::string before = setting.get(stored);
    const std::string now = setting.get(wanted);
    if (setting.scope == Scope::run || before == now) continue;
    // More or fewer epochs do not change the updates already made, unless the schedule is stretched over all of them.
    if (setting.name == "epochs" && stored.schedule.name != "cosine") continue;
    throw Error(ErrorKind::usage, fmt::format("cannot resume with --{} {}: the run was started with {}; leave the setting out or "
                                              "start a new run in another --output",
                                              setting.name, now, before));
  }
}

std::string suggestion(std::string_view wrong, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, wrong.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    // Levenshtein distance, one row at a time.
    std::vector<std::size_t> row(candidate.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= wrong.size(); ++i) {
      std::size_t diagonal = row[0];
      row[0] = i;
      for (std::size_t j = 1; j <= candidate.size(); ++j) {
        const std::size_t substituted = diagonal + (wrong[i - 1] == candidate[j - 1] ? 0 : 1);
        diagonal = row[j];
        row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = candidate;
    }
  }
  return best.empty() ? "" : fmt::format("; did you mean '{}'?", best);
}

Index parse_bytes(const std::string& name, const std::string& text) {
  static const std::map<std::string, int> units = {{"", 0},    {"B", 0},   {"K", 10},  {"KiB", 10}, {"M", 20},
                                                   {"MiB", 20}, {"G", 30}, {"GiB", 30}, {"T", 40},  {"TiB", 40}};
  if (text == "auto") return -1;
  const auto split = text.find_first_not_of("0123456789");
  const auto unit = units.find(split == std::string::npos ? "" : text.substr(split));
  if (split == 0 || unit == units.end()) bad_value(name, text, "a size such as 4GiB, 100MiB or 65536");
  const auto count = parse_number<Index>(name, text.substr(0, split), "a size such as 4GiB, 100MiB or 65536");
  if (count > (Index{1} << (62 - unit->second))) bad_value(name, text, "a smaller size");
  return count << unit->second;
}

std::string format_bytes(Index bytes) {
  if (bytes < 0) return "auto";
  for (const auto& [shift, unit] : {std::pair{40, "TiB"}, {30, "GiB"}, {20, "MiB"}, {10, "KiB"}}) {
    const Index size = Index{1} << shift;
    if (bytes >= size && bytes % size == 0) return fmt::format("{}{}", bytes / size, unit);
  }
  return std::to_string(bytes);
}

}  // namespace hourglass
