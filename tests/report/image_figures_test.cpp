#include "report/image_figures.hpp"

#include <gtest/gtest.h>

#include "report/small_study.hpp"
#include "support/small_model.hpp"

namespace hourglass {
namespace {

const ImageShape two_by_two = {2, 2, 1};

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(ReconstructionFigures, are_images_of_samples_that_are_images) {
  const auto figures = reconstruction_figures(small_study(30, 4), two_by_two);
  ASSERT_EQ(figures.size(), 3U);
  for (const Figure& figure : figures)
    EXPECT_TRUE(figure.html.starts_with("<img ") && holds(figure.html, "data:image/png;base64,"));
  // Ten of 30 each; errors fall from 30 to 1.
  EXPECT_TRUE(holds(figures[0].caption, "sse from 1.000 (row 290) to 10.000 (row 200)"));
  EXPECT_TRUE(holds(figures[1].caption, "sse from 11.000 (row 190) to 20.000 (row 100)"));
  EXPECT_TRUE(holds(figures[2].caption, "sse from 21.000 (row 90) to 30.000 (row 0)"));
}

TEST(ReconstructionFigures, are_curves_of_samples_that_are_not) {
  const auto figures = reconstruction_figures(small_study(5, 4), {});
  ASSERT_EQ(figures.size(), 3U);
  for (const Figure& figure : figures) EXPECT_TRUE(figure.html.starts_with("<svg "));
  EXPECT_TRUE(holds(figures[0].caption, "sse 1.000 (row 40)"));
  EXPECT_TRUE(holds(figures[2].caption, "sse 5.000 (row 0)"));
  EXPECT_TRUE(reconstruction_figures(small_study(0, 4), {}).empty());
}

TEST(ReconstructionFigures, show_the_channels_of_series_and_a_layer_of_volumes) {
  const auto series = reconstruction_figures(small_study(5, 6), ImageShape::series(3, 2));
  ASSERT_EQ(series.size(), 6U);
  for (const Figure& figure : series) EXPECT_TRUE(figure.html.starts_with("<svg "));
  EXPECT_TRUE(holds(series[1].caption, "channel 1 of 2"));
  EXPECT_EQ(reconstruction_figures(small_study(5, 6), ImageShape::series(6)).size(), 3U);
  const auto volumes = reconstruction_figures(small_study(5, 8), ImageShape::volume({2, 2, 2}));
  ASSERT_EQ(volumes.size(), 3U);
  EXPECT_TRUE(volumes[0].html.starts_with("<img "));
  EXPECT_TRUE(holds(volumes[0].caption, "the middle layer"));
}

TEST(FilterFigures, of_a_convolution_are_its_kernels) {
  for (const std::string text : {"8x8x3,conv:5x3,2", "16x2,conv1d:5x3,2", "4x4x4,conv3d:5x3,2"}) {
    AutoencoderSpec spec;
    spec.encoder = layer_list_from(text);
    const Model model = small_model(spec);
    const auto figures = filter_figures(model, model.grid());
    ASSERT_EQ(figures.size(), 1U) << text;
    EXPECT_TRUE(holds(figures[0].caption, "the 5 units of largest norm (of 5)")) << text;
  }
}

TEST(TraversalFigure, walks_the_units_of_largest_deviation_first) {
  AutoencoderSpec spec;
  spec.encoder = {4, 2};
  const SampleStudy study = small_study(6, 4);
  const Figure figure =
      traversal_figure(small_model(spec), study, unit_statistics(study.codes_view()), two_by_two);
  EXPECT_TRUE(holds(figure.caption, "units 0, 1"));
  EXPECT_TRUE(figure.html.starts_with("<img "));
}

TEST(InterpolationFigure, needs_two_samples) {
  AutoencoderSpec spec;
  spec.encoder = {4, 2};
  const Figure figure = interpolation_figure(small_model(spec), small_study(2, 4), two_by_two);
  // Nine images of 2 x 2 a pixel apart, four times enlarged.
  EXPECT_TRUE(holds(figure.html, "width=\"104\" height=\"8\""));
}

TEST(FilterFigures, are_there_where_the_first_layer_sees_images) {
  AutoencoderSpec spec;
  spec.encoder = {4, 3, 2};
  const Model model = small_model(spec);
  const auto figures = filter_figures(model, two_by_two);
  ASSERT_EQ(figures.size(), 1U);
  EXPECT_TRUE(holds(figures[0].caption, "the 3 units of largest norm (of 3)"));
  EXPECT_TRUE(filter_figures(model, {}).empty());
  EXPECT_TRUE(filter_figures(model, {3, 3, 1}).empty());
}

}  // namespace
}  // namespace hourglass
