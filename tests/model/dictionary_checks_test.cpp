#include "model/dictionary_checks.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "model/autoencoder.hpp"
#include "support/expect_error.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;

void expect_refusal(const std::string& message,
                    const std::function<void(AutoencoderSpec&)>& change) {
  AutoencoderSpec spec;
  spec.encoder = {8, 16};
  spec.output_activation = Activation::linear;
  spec.dictionary = {PreBias::mean, true, true};
  EXPECT_NO_THROW(Autoencoder{spec});
  change(spec);
  expect_error(ErrorKind::usage, message, [&] { const Autoencoder refused(spec); });
}

TEST(DictionaryChecks, name_what_does_not_fit) {
  expect_refusal("--output-activation linear instead of sigmoid",
                 [](AutoencoderSpec& s) { s.output_activation = Activation::sigmoid; });
  expect_refusal("combined with --missing mask",
                 [](AutoencoderSpec& s) { s.missing = Missing::mask; });
  expect_refusal("combined with --contractive",
                 [](AutoencoderSpec& s) { s.regularization.contractive = 1; });
  expect_refusal("use --tied-initialization instead of --tied", [](AutoencoderSpec& s) {
    s.tied = true;
    s.dictionary.tied_start = false;
  });
  expect_refusal("leave out --tied or --tied-initialization", [](AutoencoderSpec& s) {
    s.tied = true;
    s.dictionary.unit_norm = false;
  });
  expect_refusal("mirror each other on both sides", [](AutoencoderSpec& s) {
    s.decoder = {16, 9, 8};
  });
  expect_refusal("needs a dense first and a dense last layer", [](AutoencoderSpec& s) {
    s.encoder = layer_list_from("4x2,conv:2x3s2,16");
    s.decoder = {};
  });
}

}  // namespace
}  // namespace hourglass
