#include "config/setting_rows.hpp"

namespace hourglass {

std::vector<Setting> data_settings() {
  const std::string s = "data";
  return {
      text_setting({"data", s,
                    "Training samples: FILE.h5:/path/to/dataset; several between commas, or a "
                    "pattern in quotes, are one data set",
                    Scope::run},
                   [](TrainConfig& c) -> std::string& { return c.data; }),
      text_setting({"validation", s, "Validation samples, evaluated after every epoch", Scope::run},
                   [](TrainConfig& c) -> std::string& { return c.validation; }),
      flag_setting({"allow-external", s,
                    "Follow data files to others: external links and storage, virtual sets over "
                    "files, filter plug-ins",
                    Scope::run},
                   [](TrainConfig& c) -> bool& { return c.allow_external; }),
      word_setting(
          {"normalize", s,
           "How stored numbers become inputs: auto (integers to [0,1], floats as they are), none, "
           "unit, standardize"},
          [](TrainConfig& c) -> Normalize& { return c.normalize; }, normalize_from),
      integer_setting({"shuffle-block", s,
                       "Rows, contiguous on disk, that stay together until the window shuffle"},
                      [](TrainConfig& c) -> Index& { return c.shuffle_block; }),
      integer_setting({"shuffle-window", s, "Blocks whose rows are shuffled together"},
                      [](TrainConfig& c) -> Index& { return c.shuffle_window; }),
      bytes_setting({"memory", s,
                     "Bytes of training data a rank may hold (e.g. 4GiB); larger shards are "
                     "streamed, 0 always streams; auto: half "
                     "of the node's memory over its ranks",
                     Scope::run},
                    [](TrainConfig& c) -> Index& { return c.memory; }),
  };
}

}  // namespace hourglass
