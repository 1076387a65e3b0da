#include "config/setting_rows.hpp"

namespace hourglass {

std::vector<Setting> run_settings() {
  const std::string s = "run";
  return {
      integer_setting({"threads", s, "Worker threads per rank", Scope::run},
                      [](TrainConfig& c) -> Index& { return c.threads; }),
      word_setting(
          {"reduction", s,
           "Gradient reduction: tree (bitwise reproducible on any number of ranks) or allreduce"},
          [](TrainConfig& c) -> Reduction& { return c.reduction; }, reduction_from),
      bytes_setting({"bucket-bytes", s, "Bucket size of the gradient exchange", Scope::run},
                    [](TrainConfig& c) -> Index& { return c.bucket_bytes; }),
      word_setting(
          {"sparse-exchange", s,
           "Exchange the gradients of active units of a sparse code alone: auto (where that is at "
           "most half of the bytes), always or never",
           Scope::run},
          [](TrainConfig& c) -> SparseExchange& { return c.sparse_exchange; },
          sparse_exchange_from),
      integer_setting({"dictionary-shards", s,
                       "Ranks that hold the units of a sparse code together, each a part of them, "
                       "for dictionaries larger than a rank's memory; 1: every rank holds all",
                       Scope::run},
                      [](TrainConfig& c) -> Index& { return c.dictionary_shards; }),
      flag_setting(
          {"overlap", s,
           "Overlap the gradient exchange with computation; false only to measure the benefit",
           Scope::run},
          [](TrainConfig& c) -> bool& { return c.overlap; }),
      word_setting(
          {"precision", s,
           "Precision of matrix products in training: fp32, or bf16 (accumulation and weights in "
           "fp32; requires oneDNN and CPU support)"},
          [](TrainConfig& c) -> Precision& { return c.arithmetic.precision; }, precision_from),
      flag_setting(
          {"force-precision", s, "Use bf16 even if fp32 is faster on this machine", Scope::run},
          [](TrainConfig& c) -> bool& { return c.arithmetic.force_precision; }),
      word_setting(
          {"gemm", s, "Library for fp32 matrix products: openblas or onednn"},
          [](TrainConfig& c) -> GemmLibrary& { return c.arithmetic.gemm; }, gemm_library_from),
      {"gradient-wire", s,
       "Format of exchanged gradients and updates: fp32, bf16 (half the bytes, rounded sums), int8 "
       "(a quarter) or powersgd:R (gradients of rank R)",
       false, Scope::trajectory, [](const TrainConfig& c) { return format_wire(c.arithmetic); },
       [](TrainConfig& c, const std::string& text) {
         try {
           parse_wire(text, c.arithmetic);
         } catch (const Error& error) {
           throw Error(ErrorKind::usage, fmt::format("--gradient-wire: {}", error.what()));
         }
       }},
      integer_setting({"sync-every", s,
                       "Local steps between two exchanges of weights by --sync-groups (DiLoCo, "
                       "local SGD); 0: gradients are summed in every step"},
                      [](TrainConfig& c) -> Index& { return c.local.every; }),
      integer_setting({"sync-groups", s,
                       "Number of groups of shards that make local steps, each on its part of "
                       "--batch; not the number of ranks, which may be any"},
                      [](TrainConfig& c) -> Index& { return c.local.groups; }),
      number_setting({"outer-rate", s,
                      "Learning rate of the outer step, which moves the weights towards the mean "
                      "of the groups'"},
                     [](TrainConfig& c) -> double& { return c.local.rate; }),
      number_setting({"outer-momentum", s, "Nesterov momentum of the outer step"},
                     [](TrainConfig& c) -> double& { return c.local.momentum; }),
      text_setting({"output", s, "Run folder, which is created", Scope::run},
                   [](TrainConfig& c) -> std::string& { return c.output; }),
      {"checkpoint-every", s,
       "Checkpoint interval, e.g. 500steps, 1epochs, 600s; 0: only when stopped", false, Scope::run,
       [](const TrainConfig& c) { return format_interval(c.checkpoint_every); },
       [](TrainConfig& c, const std::string& text) {
         c.checkpoint_every = parse_interval("checkpoint-every", text);
       }},
      integer_setting({"keep", s, "Number of checkpoints to keep", Scope::run},
                      [](TrainConfig& c) -> Index& { return c.keep; }),
      formatted_setting(
          {"keep-every", s,
           "Interval of checkpoints that stay under a name of their own, e.g. "
           "10epochs, 5000steps; 0: none",
           Scope::run},
          [](TrainConfig& c) -> Interval& { return c.keep_every; }, format_interval,
          parse_interval),
      integer_setting({"log-every", s,
                       "Interval of step records in metrics.jsonl, in steps; 0: only epoch records",
                       Scope::run},
                      [](TrainConfig& c) -> Index& { return c.log_every; }),
      flag_setting({"tensorboard", s,
                    "Also write TensorBoard event files to tensorboard/: metrics, distributions, "
                    "reconstructions",
                    Scope::run},
                   [](TrainConfig& c) -> bool& { return c.tensorboard; }),
      choice_setting({"progress", s, "Progress output of rank 0", Scope::run},
                     {"auto", "line", "plain", "none"},
                     [](TrainConfig& c) -> std::string& { return c.progress; }),
      flag_setting({"profile", s,
                    "Print a breakdown of the run time by phase at the end, compared with the "
                    "machine's peak rates",
                    Scope::run},
                   [](TrainConfig& c) -> bool& { return c.profile; }),
      text_setting(
          {"trace", s,
           "Write a trace of all ranks and workers to this file (JSON for ui.perfetto.dev)",
           Scope::run},
          [](TrainConfig& c) -> std::string& { return c.trace; }),
  };
}

}  // namespace hourglass
