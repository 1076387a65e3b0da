#include "config/setting_rows.hpp"

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
          {"normalize", s,
           "Conversion of stored values to inputs: auto (integers to [0,1], floats unchanged), "
           "none, unit, standardize"},
          [](TrainConfig& c) -> Normalize& { return c.normalize; }, normalize_from),
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
