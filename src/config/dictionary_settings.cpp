#include "config/setting_rows.hpp"
#include "core/text_list.hpp"

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
                       "reconstruction, and where it begins: {}; with --sparsity and a linear "
                       "output by default mean",
                       fmt::join(pre_bias_names(), ", "))},
          [](TrainConfig& c) -> PreBias& { return of(c).pre_bias; }, pre_bias_from),
      flag_setting(
          {"unit-norm-decoder", s,
           "Keep the columns of the decoder's first layer, the atoms of the dictionary, "
           "at norm 1, and their gradients orthogonal to them; the default with --sparsity"},
          [](TrainConfig& c) -> bool& { return of(c).unit_norm; }),
      flag_setting(
          {"tied-initialization", s,
           "Begin with the encoder's last weight as the decoder's first, transposed; they "
           "are then trained apart; the default with --sparsity and one layer on each side"},
          [](TrainConfig& c) -> bool& { return of(c).tied_start; }),
      {"aux-k", s,
       "topk, batch-topk: dead units that reconstruct what the code leaves of a sample (auxiliary "
       "loss): a number, 0 for none, or auto, half of the features",
       false, Scope::trajectory,
       [](const TrainConfig& c) {
         const Index k = c.model.dictionary.aux_k;
         return k == DictionarySpec::automatic_aux_k ? std::string("auto") : std::to_string(k);
       },
       [](TrainConfig& c, const std::string& text) {
         const char* const wanted = "a whole number of at least 0, or auto";
         const Index k = text == "auto" ? DictionarySpec::automatic_aux_k
                                        : parse_number<Index>("aux-k", text, wanted);
         if (k < 0 && text != "auto") bad_value("aux-k", text, wanted);
         of(c).aux_k = k;
       }},
      number_setting({"aux-weight", s, "topk, batch-topk: weight of the auxiliary loss of --aux-k"},
                     [](TrainConfig& c) -> double& { return of(c).aux_weight; }),
      {"matryoshka", s,
       "topk, batch-topk: prefixes of the code, e.g. 256,1024,4096, that each reconstruct the "
       "samples alone; the loss is the mean over them and the whole code",
       false, Scope::trajectory,
       [](const TrainConfig& c) {
         return fmt::format("{}", fmt::join(c.model.dictionary.matryoshka, ","));
       },
       [](TrainConfig& c, const std::string& text) {
         of(c).matryoshka.clear();
         for (const std::string& item : split_list(text)) {
           of(c).matryoshka.push_back(
               parse_number<Index>("matryoshka", item, "a list of numbers, e.g. 256,1024,4096"));
         }
       }},
      integer_setting({"dead-after", s,
                       "Samples without use after which a unit of a sparse code counts as dead; 0: "
                       "an eighth of the training samples, at least 16 batches and at most 10^7"},
                      [](TrainConfig& c) -> Index& { return c.dead_after; }),
      formatted_setting(
          {"resample-dead", s,
           "How often dead units begin anew, each in the direction of a sample that "
           "is reconstructed badly, e.g. 1epochs or 2000steps; 0: never"},
          [](TrainConfig& c) -> Interval& { return c.resample_dead; }, format_warmup, parse_warmup),
  };
}

}  // namespace hourglass
