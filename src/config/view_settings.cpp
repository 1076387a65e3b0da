#include "config/setting_rows.hpp"

namespace hourglass {

std::vector<Setting> view_settings() {
  const std::string s = "data";
  return {
      text_setting({"select-rows", s,
                    "Rows of --data to use, numbered from 0: numbers, ranges and data sets of "
                    "booleans or indices, separated by commas (0:1000,2000:3000:2,FILE.h5:/mask)",
                    Scope::run},
                   [](TrainConfig& c) -> std::string& { return c.reading.views.rows; }),
      text_setting({"select-columns", s,
                    "Columns to use, in this order: as for --select-rows, or their names; all: "
                    "every column, also where a model was trained on some",
                    Scope::run},
                   [](TrainConfig& c) -> std::string& { return c.reading.views.columns; }),
      integer_setting({"highly-variable", s,
                       "Choose this many columns (genes) of raw counts, those of the highest "
                       "normalised dispersion, and keep the choice as --select-columns; 0: all"},
                      [](TrainConfig& c) -> Index& { return c.highly_variable; }),
      integer_setting({"window", s,
                       "Samples are sliding windows of this many rows of a time series (rows are "
                       "time steps, every data set of a list is a series of its own); 0: rows"},
                      [](TrainConfig& c) -> Index& { return c.reading.views.window; }),
      integer_setting({"stride", s, "Rows from one window to the next"},
                      [](TrainConfig& c) -> Index& { return c.reading.views.stride; }),
      text_setting({"sample-weights", s,
                    "FILE.h5:/path of a weight for each row of --data, at least 0: the loss is the "
                    "weighted mean over samples",
                    Scope::run},
                   [](TrainConfig& c) -> std::string& { return c.sample_weights; }),
      text_setting({"condition", s,
                    "FILE.h5:/path of a category (number, text or categorical column) for each row "
                    "of --data, told to encoder and decoder; several with + between them; "
                    "NAME=FILE.h5:/path names it",
                    Scope::run},
                   [](TrainConfig& c) -> std::string& { return c.condition; }),
      text_setting({"validation-condition", s, "The same for each row of --validation", Scope::run},
                   [](TrainConfig& c) -> std::string& { return c.validation_condition; }),
      flag_setting({"unknown-condition", s,
                    "Samples without a category, or of one not in the training data, are taken for "
                    "unknown instead of refused"},
                   [](TrainConfig& c) -> bool& { return c.unknown_condition; }),
      number_setting(
          {"validation-fraction", s,
           "Hold out about this share of the rows of --data for validation, drawn at random"},
          [](TrainConfig& c) -> double& { return c.reading.views.split.fraction; }),
      integer_setting(
          {"folds", s, "Cross-validation: every row belongs to one of this many folds, drawn"},
          [](TrainConfig& c) -> Index& { return c.reading.views.split.folds; }),
      integer_setting({"fold", s, "The fold held out for validation, 1 to --folds"},
                      [](TrainConfig& c) -> Index& { return c.reading.views.split.fold; }),
      text_setting({"validation-group", s,
                    "FILE.h5:/path of a whole number for each row of --data: rows of the same "
                    "number are held out together",
                    Scope::run},
                   [](TrainConfig& c) -> std::string& { return c.reading.views.split.groups; }),
      integer_setting({"split-seed", s, "Seed of the draw of rows for validation"},
                      [](TrainConfig& c) -> std::uint64_t& { return c.reading.views.split.seed; }),
  };
}

}  // namespace hourglass
