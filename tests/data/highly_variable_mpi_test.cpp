#include "data/highly_variable.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "support/expect_error.hpp"
#include "support/hdf5_files.hpp"
#include "support/shared_folder.hpp"

namespace hourglass {
namespace {

class HighlyVariableMpiTest : public testing::Test {
 protected:
  static constexpr Index cells = 90;
  static constexpr Index genes = 60;

  std::string counts() {
    std::mt19937_64 random(5);
    std::vector<std::int32_t> values;
    for (Index c = 0; c < cells; ++c) {
      for (Index g = 0; g < genes; ++g) {
        const bool bursts = g % 7 == 0 && random() % 8 == 0;
        std::poisson_distribution<std::int32_t> poisson(0.1 * static_cast<double>(g + 1));
        values.push_back(g == 3 ? 0 : poisson(random) * (bursts ? 20 : 1));
      }
    }
    return write(values);
  }

  std::string write(const std::vector<std::int32_t>& values, const std::string& name = "x.h5") {
    const std::string path = folder_.file(name);
    if (world_.is_root()) (void)write_dataset(path, {cells, genes}, values);
    world_.barrier();
    return path;
  }

  Communicator world_ = Communicator::world();
  io_test::SharedFolder folder_{world_};
};

TEST_F(HighlyVariableMpiTest, the_same_genes_on_any_number_of_ranks) {
  const DatasetReader reader({counts(), "/x"});
  const std::vector<Index> chosen = highly_variable_genes(world_, reader, 9);
  EXPECT_EQ(chosen, highly_variable_genes(Communicator::self(), reader, 9));
  EXPECT_EQ(chosen.size(), 9U);
  Index bursting = 0;
  for (const Index gene : chosen) bursting += gene % 7 == 0 ? 1 : 0;
  EXPECT_GE(bursting, 4);  // genes alone in their bin score 1
}

TEST_F(HighlyVariableMpiTest, what_are_no_counts_is_refused) {
  std::vector<std::int32_t> values(cells * genes, 1);
  const DatasetReader constant({write(values), "/x"});
  io_test::expect_error(ErrorKind::data, "the counts of no gene vary",
                        [&] { (void)highly_variable_genes(world_, constant, 2); });
  io_test::expect_error(ErrorKind::usage, "of 60 genes",
                        [&] { (void)highly_variable_genes(world_, constant, 61); });
  values.back() = -1;
  const DatasetReader negative({write(values, "negative.h5"), "/x"});
  io_test::expect_error(ErrorKind::data, "holds -1 in column 59",
                        [&] { (void)highly_variable_genes(world_, negative, 2); });
}

// By pandas: cut into 20 bins, groupby, mean and std.
TEST(HighlyVariable, scores_are_those_of_pandas) {
  const std::vector<double> means = {1.208, 0.593, 0.662, 0.087, 0.0,  3.14,  0.722, 2.168,
                                     1.325, 0.575, 2.658, 0.733, 0.72, 0.453, 1.576, 0.906,
                                     1.725, 0.545, 1.135, 0.41,  2.32, 1.207, 1.392, 1.508};
  const std::vector<double> variances = {2.236, 1.246, 1.098,  0.098, 0.0,   6.084, 0.974, 10.537,
                                         3.768, 1.142, 12.015, 1.202, 1.281, 0.705, 5.893, 1.671,
                                         7.067, 0.921, 3.294,  0.586, 9.94,  2.291, 3.511, 2.67};
  const std::vector<double> scores = {-0.6286993096347181,
                                      0.8082676493317689,
                                      0.31130595700593383,
                                      1.0,
                                      std::nan(""),
                                      1.0,
                                      -1.4291124484195867,
                                      0.7071067811865476,
                                      1.1531302480290893,
                                      0.3100283104846528,
                                      1.0,
                                      0.21540613161302105,
                                      0.9024003598006309,
                                      1.0,
                                      1.0,
                                      1.0,
                                      1.0,
                                      -1.1182959598164206,
                                      1.0,
                                      1.0,
                                      -0.7071067811865476,
                                      -0.5244309383943706,
                                      0.7071067811865472,
                                      -0.7071067811865477};
  const GeneVariation found = gene_variation(means, variances);
  for (std::size_t g = 0; g < scores.size(); ++g) {
    if (std::isnan(scores[g])) {
      EXPECT_TRUE(std::isnan(found.score[g])) << g;
    } else {
      EXPECT_NEAR(found.score[g], scores[g], 1e-9) << g;
    }
  }
  EXPECT_EQ(highest_scores(found.score, 3), (std::vector<Index>{3, 5, 8}));
}

}  // namespace
}  // namespace hourglass
