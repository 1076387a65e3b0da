#include "model/frozen.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "hourglass/core/error.hpp"
#include "model/autoencoder_trial.hpp"

namespace hourglass {
namespace {

using namespace autoencoder_test;

TEST(Frozen, whole_layers_with_their_normalisation) {
  AutoencoderSpec spec = small_spec();
  spec.layer_norm = true;
  const Autoencoder model(spec);
  const Frozen frozen = frozen_parameters(model, layer_choice_from("encoder"));
  Index end = 0;
  for (std::size_t t = 0; t < model.layout().tensors().size(); ++t) {
    if (model.layout().tensors()[t].name.starts_with("encoder/"))
      end = model.layout().range(static_cast<Slot>(t)).end;
  }
  ASSERT_EQ(frozen.ranges.size(), 1U);
  EXPECT_EQ(frozen.ranges.front().begin, 0);
  EXPECT_EQ(frozen.ranges.front().end, end);
  EXPECT_EQ(frozen.network_layers, model.architecture().code_layer + 1);
  EXPECT_EQ(frozen_text(model, layer_choice_from("encoder"), frozen),
            "layers 1, 2, 3 (152 of " + std::to_string(model.layout().parameter_count()) +
                " parameters)");
  EXPECT_TRUE(frozen_parameters(model, {}).empty());
  EXPECT_THROW(static_cast<void>(frozen_parameters(model, layer_choice_from("encoder,decoder"))),
               Error);
}

TEST(Frozen, rows_of_new_categories_are_trained) {
  AutoencoderSpec spec = small_spec();
  spec.conditions = {{"batch", {"a", "b", "c"}}, {"donor", {"x", "y"}}};
  const Autoencoder model(spec);
  const std::vector<Condition> known = {{"batch", {"a", "c"}}, {"donor", {"y"}}};
  const LayerChoice all = layer_choice_from("encoder,decoder");
  const Frozen frozen = frozen_parameters(model, all, &known);
  EXPECT_EQ(frozen.network_layers, 1) << "the biases of categories follow the first layer";
  std::vector<float> gradient(static_cast<std::size_t>(model.layout().size()), 1);
  zero_frozen(frozen.ranges, {0, model.layout().size()}, gradient.data());
  for (const Tensor& tensor : model.layout().tensors()) {
    for (Index i = 0; i < tensor.size; ++i) {
      const Index row = i / tensor.shape.back();
      const bool is_new = is_condition(tensor) && (row == 1 || row == 3);
      EXPECT_EQ(gradient[static_cast<std::size_t>(tensor.offset + i)], is_new ? 1 : 0)
          << tensor.name << ", row " << row;
    }
  }
}

TEST(Frozen, atoms_are_not_scaled) {
  AutoencoderSpec spec = small_spec();
  spec.dictionary.unit_norm = true;
  Trial trial(spec);
  const std::vector<float> before(trial.parameters.span().begin(), trial.parameters.span().end());
  const Frozen decoder = frozen_parameters(trial.model, layer_choice_from("decoder"));
  trial.model.constrain(trial.parameters.data(), decoder.ranges);
  EXPECT_TRUE(std::ranges::equal(trial.parameters.span(), before));
  const Frozen encoder = frozen_parameters(trial.model, layer_choice_from("encoder"));
  trial.model.constrain(trial.parameters.data(), encoder.ranges);
  EXPECT_FALSE(std::ranges::equal(trial.parameters.span(), before));
}

TEST(Frozen, backward_pass_ends_above_frozen_layers_with_the_same_gradient_there) {
  AutoencoderSpec spec = small_spec();
  spec.regularization.hidden_l1 = 0.01;
  Trial whole(spec);
  Trial cut(spec);
  const Frozen frozen = frozen_parameters(cut.model, layer_choice_from("1,2"));
  EXPECT_EQ(frozen.network_layers, 2);
  whole.train();
  PassContext context = training;
  context.frozen_layers = frozen.network_layers;
  const LossSums sums = cut.model.train_pass(cut.parameters.data(), cut.x(), cut.t(), 1,
                                             cut.workspace, cut.gradient.data(), context, {});
  EXPECT_EQ(sums.loss, whole.train().loss) << "penalties of frozen layers count";
  for (const Tensor& tensor : cut.model.layout().tensors()) {
    const bool is_frozen = tensor.offset < frozen.ranges.front().end;
    for (Index i = tensor.offset; i < tensor.offset + tensor.size; ++i)
      EXPECT_EQ(cut.gradient[i], is_frozen ? 0.0F : whole.gradient[i]) << tensor.name;
  }
}

}  // namespace
}  // namespace hourglass
