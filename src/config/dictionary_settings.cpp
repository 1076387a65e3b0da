#include "config/setting_rows.hpp"

namespace hourglass {

namespace {

DictionarySpec& of(TrainConfig& c) { return c.model.dictionary; }

}  // namespace

std::vector<Setting> dictionary_settings() {
  const std::string s = "sparse codes";
  return {
      word_setting(
          {"pre-bias", s,
           fmt::format("Trained vector that is subtracted from the input and added to the "
                       "reconstruction, and where it begins: {}",
                       fmt::join(pre_bias_names(), ", "))},
          [](TrainConfig& c) -> PreBias& { return of(c).pre_bias; }, pre_bias_from),
      flag_setting({"unit-norm-decoder", s,
                    "Keep the columns of the decoder's first layer, the atoms of the dictionary, "
                    "at norm 1, and their gradients orthogonal to them"},
                   [](TrainConfig& c) -> bool& { return of(c).unit_norm; }),
      flag_setting({"tied-initialization", s,
                    "Begin with the encoder's last weight as the decoder's first, transposed; they "
                    "are then trained apart"},
                   [](TrainConfig& c) -> bool& { return of(c).tied_start; }),
      integer_setting({"dead-after", s,
                       "Samples without use after which a unit of a sparse code counts as dead; 0: "
                       "an eighth of the training samples, at least 16 batches and at most 10^7"},
                      [](TrainConfig& c) -> Index& { return c.dead_after; }),
  };
}

}  // namespace hourglass
