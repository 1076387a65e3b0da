#include "config/setting_rows.hpp"

namespace hourglass {

std::vector<Setting> run_settings() {
  const std::string s = "run";
  return {
      integer_setting({"threads", s, "Worker threads a rank", Scope::run},
                      [](TrainConfig& c) -> Index& { return c.threads; }),
      word_setting(
          {"reduction", s,
           "tree (same bits on any number of ranks) or allreduce (the classic scheme)"},
          [](TrainConfig& c) -> Reduction& { return c.reduction; }, reduction_from),
      bytes_setting(
          {"bucket-bytes", s, "Size of the pieces in which gradients are exchanged", Scope::run},
          [](TrainConfig& c) -> Index& { return c.bucket_bytes; }),
      flag_setting({"overlap", s,
                    "Exchange finished gradients while others are computed; false only to measure "
                    "what that is worth",
                    Scope::run},
                   [](TrainConfig& c) -> bool& { return c.overlap; }),
      word_setting(
          {"precision", s,
           "Matrix products of training: fp32, or bf16 (sums and weights stay fp32; needs oneDNN "
           "and a CPU for it)"},
          [](TrainConfig& c) -> Precision& { return c.arithmetic.precision; }, precision_from),
      flag_setting({"force-precision", s, "Compute in bf16 also where fp32 is faster", Scope::run},
                   [](TrainConfig& c) -> bool& { return c.arithmetic.force_precision; }),
      word_setting(
          {"gemm", s, "Library of the fp32 matrix products: openblas or onednn"},
          [](TrainConfig& c) -> GemmLibrary& { return c.arithmetic.gemm; }, gemm_library_from),
      word_setting(
          {"gradient-wire", s,
           "What gradients and updates are exchanged in: fp32, or bf16 (half the bytes, rounded "
           "sums)"},
          [](TrainConfig& c) -> Wire& { return c.arithmetic.wire; }, wire_from),
      text_setting({"output", s, "Run folder to create", Scope::run},
                   [](TrainConfig& c) -> std::string& { return c.output; }),
      {"checkpoint-every", s, "e.g. 500steps, 1epochs, 600s; 0 only when stopped", false,
       Scope::run, [](const TrainConfig& c) { return format_interval(c.checkpoint_every); },
       [](TrainConfig& c, const std::string& text) {
         c.checkpoint_every = parse_interval("checkpoint-every", text);
       }},
      integer_setting({"keep", s, "Checkpoints to keep", Scope::run},
                      [](TrainConfig& c) -> Index& { return c.keep; }),
      integer_setting({"log-every", s,
                       "Steps between step records in metrics.jsonl; 0: epochs only", Scope::run},
                      [](TrainConfig& c) -> Index& { return c.log_every; }),
      flag_setting({"tensorboard", s,
                    "Also write what TensorBoard shows to tensorboard/: metrics, distributions, "
                    "reconstructions",
                    Scope::run},
                   [](TrainConfig& c) -> bool& { return c.tensorboard; }),
      choice_setting({"progress", s, "Report on rank 0", Scope::run},
                     {"auto", "line", "plain", "none"},
                     [](TrainConfig& c) -> std::string& { return c.progress; }),
      flag_setting(
          {"profile", s,
           "Print at the end where the time went, phase by phase, against what the machine reaches",
           Scope::run},
          [](TrainConfig& c) -> bool& { return c.profile; }),
      text_setting(
          {"trace", s,
           "Write a trace of every rank and worker to this file (JSON, for ui.perfetto.dev)",
           Scope::run},
          [](TrainConfig& c) -> std::string& { return c.trace; }),
  };
}

}  // namespace hourglass
