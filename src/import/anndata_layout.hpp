#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "hdf5/dataset_writer.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// The data sets, groups and attributes of an AnnData file (.h5ad, the layout that anndata 0.8 and
/// later write), put together piece by piece: first all pieces are added, then a DatasetWriter
/// made of datasets() and frame() writes the values of the data sets, by the numbers that the
/// methods here return.
///
/// Source: "Specification for AnnData on disk" of the documentation of anndata.
class AnnDataLayout {
 public:
  /// Of a new file.
  static AnnDataLayout of_new_file();
  /// Of additions to a copy of `file`, or to the file itself when that is the output.
  static AnnDataLayout of_copy(const std::string& file);

  /// The rows of obs and var of an existing file, and whether it holds `path`. Throws as
  /// DatasetReader does for files, and Error(data) when it is not an AnnData file.
  struct Facts {
    Index observations = 0;
    Index variables = 0;
    bool holds_path = false;
  };
  [[nodiscard]] static Facts facts_of(const std::string& file, const std::string& path);

  /// A matrix of compressed sparse rows at `path` ("/X", "/layers/NAME"): data sets data
  /// (`entries` of `type`), indices (int32: columns, ascending in a row) and indptr (int64, rows +
  /// 1). Returns the number of `data`; indices and indptr have the next two. `compression` is the
  /// level of deflate, 0 for none.
  std::size_t add_sparse_rows(const std::string& path, Index rows, Index columns, Index entries,
                              ElementType type, int compression);
  /// An array at `path` ("/obsm/X_pca", "/layers/NAME").
  std::size_t add_array(const std::string& path, const std::vector<Index>& shape, ElementType type,
                        int compression = 0);
  /// A column of numbers of the table `table` ("/obs", "/var").
  std::size_t add_column(const std::string& table, const std::string& name, Index rows,
                         ElementType type);
  /// A categorical column: the number of its codes, which are int32 places among `categories`, -1
  /// where missing.
  std::size_t add_categories(const std::string& table, const std::string& name, Index rows,
                             const std::vector<std::string>& categories);
  /// The names of the rows of `table`: text_of(row), of at most `longest` bytes. text_of is called
  /// on rank 0 while the file is made. Every table of a new file needs them.
  void add_index(const std::string& table, Index rows, std::size_t longest,
                 std::function<std::string(Index)> text_of);

  /// A text as an attribute of the object at `path`.
  void describe(const std::string& path, const std::string& key, const std::string& text);

  [[nodiscard]] const std::vector<DatasetSpec>& datasets() const { return datasets_; }
  [[nodiscard]] FileFrame frame() const;

 private:
  using Attribute = std::variant<std::string, std::vector<std::string>, std::vector<Index>, bool>;
  struct Texts {
    std::string path;
    Index rows = 0;
    std::size_t longest = 1;
    std::function<std::string(Index)> text_of;
  };

  void encode(const std::string& path, const std::string& type, const std::string& version);
  void complete(const std::string& temporary, const std::string& name) const;

  std::string source_;
  std::vector<std::string> groups_;
  std::vector<DatasetSpec> datasets_;
  std::vector<Texts> texts_;
  std::map<std::string, std::map<std::string, Attribute>> attributes_;  // of each path
};

}  // namespace hourglass
