#include "report/atom_figures.hpp"

#include <gtest/gtest.h>

#include "analysis/unit_study.hpp"
#include "report/small_study.hpp"
#include "support/small_model.hpp"

namespace hourglass {
namespace {

Model sparse_model() {
  AutoencoderSpec spec;
  spec.encoder = layer_list_from("4,2");
  spec.output_activation = Activation::linear;
  spec.sparsity.selection = selection_from("topk:1");
  Model model = small_model(spec);
  // Units x features.
  set_tensor(model, "decoder/0/weight", {1, -4, 2, 0, 0, 0, 0, 3});
  return model;
}

TEST(AtomFigures, show_the_units_that_are_used) {
  const SampleStudy study = small_study(5, 4);  // its second unit is dead
  const std::vector<Index> units = most_used_units(study, 10);
  EXPECT_EQ(units, std::vector<Index>{0});
  const Model model = sparse_model();
  ASSERT_TRUE(has_atoms(model));
  EXPECT_EQ(atom_figures(model, units, {2, 2, 1}).size(), 1U);
  EXPECT_TRUE(atom_figures(model, units, {}).empty());
  const auto rows = atom_rows(model, study, units, {"a", "b", "c", "d"});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0], (std::vector<std::string>{"0", "80.00", "40 (4), 30 (3), 20 (2), 10 (1)",
                                               "b (-4), c (2), a (1), d (0)"}));
}

TEST(AtomFigures, are_of_sparse_codes_with_one_decoder_layer) {
  AutoencoderSpec dense;
  dense.encoder = layer_list_from("4,2");
  dense.output_activation = Activation::linear;
  EXPECT_FALSE(has_atoms(small_model(dense)));
  dense.encoder = layer_list_from("4,3,2");
  dense.sparsity.selection = selection_from("topk:1");
  EXPECT_FALSE(has_atoms(small_model(dense)));
}

}  // namespace
}  // namespace hourglass
