#include "import/anndata_layout.hpp"

#include <gtest/gtest.h>

#include "data/labels.hpp"
#include "hdf5/writer_example.hpp"
#include "support/one_rank.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

using io_test::read_floats;

template <class T>
void write(DatasetWriter& writer, std::size_t dataset, const std::vector<T>& values) {
  writer.write_rows(dataset, {0, static_cast<Index>(values.size())},
                    std::as_bytes(std::span(values)));
}

TEST(AnnDataLayout, a_new_file_and_an_array_added_to_a_copy) {
  const TemporaryFolder folder;
  const std::string file = folder.file("a.h5ad");
  AnnDataLayout layout = AnnDataLayout::of_new_file();
  const std::size_t x = layout.add_sparse_rows("/X", 2, 3, 3, ElementType::f32, 0);
  const std::size_t kind = layout.add_categories("/obs", "kind", 2, {"a", "bb"});
  layout.add_index("/obs", 2, 5, [](Index c) { return "cell" + std::to_string(c); });
  layout.add_index("/var", 3, 5, [](Index g) { return "gene" + std::to_string(g); });
  DatasetWriter writer(one_rank(), file, layout.datasets(), layout.frame());
  write<float>(writer, x, {1, 2, 3});
  write<std::int32_t>(writer, x + 1, {0, 2, 1});
  write<std::int64_t>(writer, x + 2, {0, 2, 3});
  write<std::int32_t>(writer, kind, {1, -1});
  writer.commit();
  EXPECT_EQ(read_floats(file + ":/X/data"), (std::vector<float>{1, 2, 3}));
  const Labels labels = read_labels(parse_address(file + ":/obs/kind"), 2);
  EXPECT_EQ(labels.values, (std::vector<std::int64_t>{1, -1}));
  EXPECT_EQ(labels.names, (std::vector<std::string>{"a", "bb"}));

  const std::string copy = folder.file("b.h5ad");
  AnnDataLayout addition = AnnDataLayout::of_copy(file);
  const std::size_t codes = addition.add_array("/obsm/X_code", {2, 1}, ElementType::f32);
  DatasetWriter adder(one_rank(), copy, addition.datasets(), addition.frame());
  write<float>(adder, codes, {7, 8});
  adder.commit();
  EXPECT_EQ(read_floats(copy + ":/obsm/X_code"), (std::vector<float>{7, 8}));
  EXPECT_EQ(read_floats(copy + ":/X/data"), (std::vector<float>{1, 2, 3}));
}

}  // namespace
}  // namespace hourglass
