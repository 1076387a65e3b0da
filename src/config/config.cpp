#include "config/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/data_reading.hpp"
#include "config/dictionary_training.hpp"
#include "hourglass/core/error.hpp"
#include "system/stop_signal.hpp"

namespace hourglass {

namespace {

void check(bool valid, const std::string& message) {
  if (!valid) throw Error(ErrorKind::usage, message);
}

// Refuses settings that L-BFGS would ignore.
void check_full_batch(const TrainConfig& config) {
  check(config.lbfgs_history >= 1 && config.lbfgs_history <= 1000,
        fmt::format("--lbfgs-history must be 1 to 1000, not {}", config.lbfgs_history));
  check_line_search(config.line_search);
  check(config.optimizer.weight_decay >= 0,
        fmt::format("--weight-decay must be at least 0, not {}", config.optimizer.weight_decay));
  const UpdateSettings& update = config.update;
  for (const auto& [name, used] : {std::pair{"schedule", config.schedule.name != "constant"},
                                   {"warmup-epochs", config.schedule.warmup_epochs != 0},
                                   {"scale-learning-rate", config.schedule.scaling != "none"},
                                   {"clip-norm", config.clip_norm != 0},
                                   {"ema", update.ema != 0},
                                   {"beta-warmup", config.penalties.beta_warmup.count != 0},
                                   {"l1-warmup", config.penalties.l1_warmup.count != 0},
                                   {"gradient-wire powersgd", config.arithmetic.low_rank > 0},
                                   {"sparsity", config.model.sparsity.on()},
                                   {"predictive", config.model.regularization.predictive},
                                   {"sparse-update", update.sparse},
                                   {"encoder-rate-factor", update.encoder_rate != 1},
                                   {"decoder-rate-factor", update.decoder_rate != 1},
                                   {"bias-rate-factor", update.bias_rate != 1}}) {
    check(
        !used,
        fmt::format("--optimizer lbfgs uses a line search and cannot be combined with --{}", name));
  }
}

void check_penalty_schedules(const TrainConfig& config) {
  const PenaltySchedules& penalties = config.penalties;
  check(penalties.beta_cycles >= 1 && penalties.beta_cycles <= 1000000,
        fmt::format("--beta-cycles must be 1 to 1000000, not {}", penalties.beta_cycles));
  check(penalties.l1_warmup.count == 0 || !config.model.regularization.predictive,
        "--l1-warmup cannot be combined with --predictive, whose codes minimize --l1 themselves");
  if (penalties.k_start == 0) return;
  const SelectionSpec& selection = config.model.sparsity.selection;
  check(selection.k > 0, "--k-start is about K: use --sparsity topk:K or batch-topk:K with it");
  const Index units = config.model.encoder.back().units;
  check(penalties.k_start >= 1 && penalties.k_start <= units,
        fmt::format("--k-start must be 1 to {}, the units of the code, not {}", units,
                    penalties.k_start));
  check(penalties.k_anneal.count > 0,
        "--k-start begins a change of K whose length is not given: use e.g. --k-anneal 2epochs");
}

// Refuses models that K-FAC's factors of inputs and output gradients do not describe.
void check_factors(const TrainConfig& config) {
  const bool pretrained = config.pretrain.kind != Pretrain::none;
  check(config.pretrain.kind != Pretrain::rbm || config.pretrain.optimizer != "kfac",
        "--pretrain-optimizer kfac needs gradients of a loss, which --pretrain rbm has not: use "
        "--pretrain-optimizer sgd");
  if (config.optimizer.name != "kfac" && (!pretrained || config.pretrain.optimizer != "kfac"))
    return;
  check(config.arithmetic.low_rank == 0,
        "--gradient-wire powersgd sends no sums over samples, of which --optimizer kfac makes its "
        "factors: use --gradient-wire bf16");
  check(!config.model.tied,
        "--optimizer kfac needs weights of each layer's own, but --tied shares them: use "
        "--optimizer shampoo");
  check(!config.model.sparsity.on(),
        "--optimizer kfac needs dense gradients, but those of --sparsity are not: use --optimizer "
        "shampoo");
}

}  // namespace

std::string_view name_of(Reduction reduction) {
  return reduction == Reduction::tree ? "tree" : "allreduce";
}

std::string_view name_of(EmptyCounts empty) {
  if (empty == EmptyCounts::refuse) return "refuse";
  return empty == EmptyCounts::drop ? "drop" : "keep";
}

EmptyCounts empty_counts_from(std::string_view name) {
  for (const EmptyCounts empty : {EmptyCounts::refuse, EmptyCounts::drop, EmptyCounts::keep}) {
    if (name_of(empty) == name) return empty;
  }
  throw Error(ErrorKind::usage, fmt::format("'{}' is none of refuse, drop and keep", name));
}

std::string_view name_of(SparseExchange exchange) {
  if (exchange == SparseExchange::automatic) return "auto";
  return exchange == SparseExchange::always ? "always" : "never";
}

SparseExchange sparse_exchange_from(std::string_view name) {
  for (const SparseExchange exchange :
       {SparseExchange::automatic, SparseExchange::always, SparseExchange::never}) {
    if (name_of(exchange) == name) return exchange;
  }
  throw Error(ErrorKind::usage, fmt::format("'{}' is none of auto, always and never", name));
}

Reduction reduction_from(std::string_view name) {
  if (name == "tree") return Reduction::tree;
  if (name == "allreduce") return Reduction::allreduce;
  throw Error(ErrorKind::usage, fmt::format("unknown reduction '{}': tree or allreduce", name));
}

void validate(const TrainConfig& config) {
  check(!config.data.empty(), "no training data: give --data FILE.h5:/path/to/samples");
  check(!config.model.encoder.empty(),
        "no network: give --layers, e.g. --layers 784,1000,500,250,30");
  check(config.micro_batch >= 1,
        fmt::format("--micro-batch must be at least 1, not {}", config.micro_batch));
  check(config.batch >= 1, fmt::format("--batch must be at least 1, not {}", config.batch));
  check(config.batch % config.micro_batch == 0,
        fmt::format("--batch {} is not a multiple of --micro-batch {}: use --batch {} or another "
                    "--micro-batch",
                    config.batch, config.micro_batch, round_up(config.batch, config.micro_batch)));
  check(config.epochs >= 0, fmt::format("--epochs must be at least 0, not {}", config.epochs));
  check(config.threads >= 1 && config.threads <= 1024,
        fmt::format("--threads must be 1 to 1024, not {}", config.threads));
  check(config.reading.views.window >= 0 && config.reading.views.stride >= 1,
        fmt::format("--window must be at least 1, or 0 for none, and --stride at least 1, not {} "
                    "and {}",
                    config.reading.views.window, config.reading.views.stride));
  check(
      config.target_sum >= 0,
      fmt::format("--target-sum must be above 0, or 0 for the median, not {}", config.target_sum));
  check(!takes_counts(config) || config.normalize == Normalize::automatic ||
            config.normalize == Normalize::none,
        fmt::format("{} takes raw counts: use --normalize none instead of {}",
                    config.model.counts != Counts::none
                        ? "--counts log1p"
                        : fmt::format("--loss {}", name_of(config.model.loss)),
                    name_of(config.normalize)));
  check(config.shuffle_block >= 1, "--shuffle-block must be at least 1");
  check(config.shuffle_window >= 1, "--shuffle-window must be at least 1");
  check(config.bucket_bytes >= 256, "--bucket-bytes must be at least 256");
  const std::string wire = format_wire(config.arithmetic);
  check(wire == "fp32" || config.reduction == Reduction::tree,
        fmt::format("--gradient-wire {} needs --reduction tree: MPI has no such reduction", wire));
  check(config.clip_norm >= 0, "--clip-norm must be at least 0");
  check(config.early_stopping >= 0, "--early-stopping must be at least 0");
  const bool watches =
      config.early_stopping > 0 || config.keep_best || config.schedule.name == "plateau";
  check_split(config);
  check_sample_weights(config);
  check_highly_variable(config);
  check_empty_counts(config);
  check_condition(config);
  check_target(config);
  check(!watches || has_validation(config),
        fmt::format("{} depends on the validation error: give --validation",
                    config.early_stopping > 0 ? "--early-stopping"
                    : config.keep_best        ? "--keep-best"
                                              : "--schedule plateau"));
  const UpdateSettings& update = config.update;
  for (const auto& [name, value] : {std::pair{"encoder-rate-factor", update.encoder_rate},
                                    {"decoder-rate-factor", update.decoder_rate},
                                    {"bias-rate-factor", update.bias_rate},
                                    {"encoder-decay-factor", update.encoder_decay},
                                    {"decoder-decay-factor", update.decoder_decay}}) {
    check(value >= 0, fmt::format("--{} must be at least 0, not {}", name, value));
  }
  const std::string& rule = config.optimizer.name;
  const std::array whole_tensors = {"lars", "lamb", "muon", "shampoo", "soap", "kfac"};
  check(!update.sparse || std::ranges::find(whole_tensors, rule) == whole_tensors.end(),
        fmt::format("--sparse-update leaves out weights without a gradient, but --optimizer {} "
                    "moves whole tensors: use --optimizer adam",
                    rule));
  check_factors(config);
  check(config.arithmetic.wire != Wire::int8 || !update.sparse,
        "--gradient-wire int8 keeps what its rounding leaves for the next update of every weight, "
        "which --sparse-update skips: use --gradient-wire bf16");
  check(update.ema >= 0 && update.ema < 1,
        fmt::format("--ema must be at least 0 and below 1, not {}", update.ema));
  check(config.keep >= 1, "--keep must be at least 1: the last good checkpoint is always kept");
  check(config.keep_every.unit != Interval::Unit::seconds,
        "--keep-every is a number of steps or epochs, not of seconds");
  check(config.log_every >= 0, "--log-every must be at least 0");
  check(config.reliability.verify_every >= 0, "--verify-every must be at least 0");
  check(config.reliability.watchdog == 0 || config.reliability.watchdog >= 1,
        "--watchdog must be at least 1s, or 0");
  static_cast<void>(stop_signals_from(config.reliability.stop_signal));
  check(!config.output.empty(), "no output folder: give --output FOLDER");
  // The shape of the network, its loss, the optimizer: each room checks its own.
  AutoencoderSpec model = config.model;
  // Data of shape N x H x W define the image's shape if the setting does not: until they are open,
  // any image of this size is a placeholder.
  const LayerSpec& input = model.encoder.front();
  if (!model.image.known() && !input.image.known()) model.image = {1, input.units};
  const Autoencoder shape(model);
  if (is_full_batch(config)) {
    check_full_batch(config);
  } else {
    static_cast<void>(make_optimizer(config.optimizer));
  }
  check_penalty_schedules(config);
  check_dictionary_training(config);
  check_dictionary_shards(config);
  check_pretraining(config);
  check_transfer(config);
  check_local_steps(config);
}

}  // namespace hourglass
