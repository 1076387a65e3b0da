#include "config/setting_rows.hpp"
#include "core/text_list.hpp"

namespace hourglass {

std::vector<Setting> data_settings() {
  const std::string s = "data";
  return {
      text_setting({"data", s,
                    "Training samples: FILE.h5:/path/to/dataset; a comma-separated list or a "
                    "quoted pattern is read as one data set",
                    Scope::run},
                   [](TrainConfig& c) -> std::string& { return c.data; }),
      text_setting({"validation", s, "Validation samples, evaluated after each epoch", Scope::run},
                   [](TrainConfig& c) -> std::string& { return c.validation; }),
      text_setting({"target", s,
                    "What to make of the samples, instead of themselves: FILE.h5:/path of as many "
                    "rows as --data (transcoders, noisy and clean pairs)",
                    Scope::run},
                   [](TrainConfig& c) -> std::string& { return c.target; }),
      word_setting(
          {"target-normalize", s,
           "Conversion of stored values of --target, with its own mean and deviation: "
           "auto (as --normalize), none, unit, standardize"},
          [](TrainConfig& c) -> Normalize& { return c.target_normalize; }, normalize_from),
      text_setting({"validation-target", s, "The same of --validation", Scope::run},
                   [](TrainConfig& c) -> std::string& { return c.validation_target; }),
      number_setting({"validation-scale", s,
                      "Factor by which values of --validation become like those of --data; 0: they "
                      "are compared, and what is certain is converted",
                      Scope::run},
                     [](TrainConfig& c) -> double& { return c.validation_scale; }),
      flag_setting({"allow-external", s,
                    "Allow data files to refer to other files (external links, external storage, "
                    "virtual data sets) and to use filter plug-ins",
                    Scope::run},
                   [](TrainConfig& c) -> bool& { return c.reading.allow_external; }),
      flag_setting({"accept-fill", s,
                    "Read rows that were never written as the fill value that the file declares",
                    Scope::run},
                   [](TrainConfig& c) -> bool& { return c.reading.accept_fill; }),
      word_setting(
          {"channels", s,
           "Where the channels of a sample stand: first (C x H x W, as in PyTorch), last (H x W x "
           "C), auto (as the names or the extents of its axes make plain)"},
          [](TrainConfig& c) -> ChannelOrder& { return c.channels; }, channel_order_from),
      word_setting(
          {"normalize", s,
           "Conversion of stored values to inputs: auto (integers to [0,1], floats unchanged), "
           "none, unit, standardize"},
          [](TrainConfig& c) -> Normalize& { return c.normalize; }, normalize_from),
      word_setting(
          {"missing", s,
           "Treatment of missing elements (NaN, --missing-value): refuse, mask (left out "
           "of the loss, the network is fed the feature's mean), mean (replaced by it)"},
          [](TrainConfig& c) -> Missing& { return c.model.missing; }, missing_from),
      {"missing-value", s,
       "Stored numbers that stand for missing elements, comma-separated, e.g. -999", false,
       Scope::trajectory,
       [](const TrainConfig& c) { return fmt::format("{}", fmt::join(c.missing_values, ",")); },
       [](TrainConfig& c, const std::string& text) {
         c.missing_values.clear();
         for (const std::string& item : split_list(text)) {
           c.missing_values.push_back(
               parse_number<double>("missing-value", item, "a list of numbers, e.g. -999,-9999"));
         }
       }},
      flag_setting({"missing-indicator", s,
                    "mask: also feed the network the mask, one more input per feature: 1 where it "
                    "is missing"},
                   [](TrainConfig& c) -> bool& { return c.model.missing_indicator; }),
      word_setting(
          {"counts", s,
           "Input of the network for samples of raw counts, which stay the target: none (the "
           "counts "
           "themselves), log1p (ln(1 + count / size factor); needs --loss nb, zinb or poisson)"},
          [](TrainConfig& c) -> Counts& { return c.model.counts; }, counts_from),
      word_setting(
          {"empty-counts", s,
           "Samples and features of raw counts that have none (--loss nb or zinb, or "
           "--counts): refuse the data, drop them (kept as --select-rows and "
           "--select-columns), keep them"},
          [](TrainConfig& c) -> EmptyCounts& { return c.empty_counts; }, empty_counts_from),
      number_setting({"target-sum", s,
                      "log1p: sum of the counts of a sample whose size factor is 1; 0: the median "
                      "of the training samples"},
                     [](TrainConfig& c) -> double& { return c.target_sum; }),
      word_setting(
          {"library", s,
           "log1p: size factors of the means: observed (from the sum of a sample's counts), latent "
           "(a further unit of the posterior with the libraries of the training samples as its "
           "prior; needs --variational)"},
          [](TrainConfig& c) -> LibrarySize& { return c.model.library_size; }, library_size_from),
      word_setting(
          {"sparse-input", s,
           "Whether the first layer multiplies only inputs that are not zero: on, off, auto (with "
           "--counts, and for samples that are stored sparse)"},
          [](TrainConfig& c) -> SparseInput& { return c.model.sparse_input; }, sparse_input_from),
      integer_setting(
          {"shuffle-block", s,
           "Rows per shuffle block: contiguous on disk, kept together until the window shuffle"},
          [](TrainConfig& c) -> Index& { return c.shuffle_block; }),
      integer_setting(
          {"shuffle-window", s, "Blocks per shuffle window, whose rows are shuffled together"},
          [](TrainConfig& c) -> Index& { return c.shuffle_window; }),
      bytes_setting(
          {"memory", s,
           "Bytes of training data held in memory per rank (e.g. 4GiB); larger shards are "
           "streamed, 0 always streams; auto: half of the node's memory, divided by its ranks",
           Scope::run},
          [](TrainConfig& c) -> Index& { return c.memory; }),
  };
}

}  // namespace hourglass
