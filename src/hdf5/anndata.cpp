#include "hdf5/anndata.hpp"

#include <algorithm>

#include "hdf5/foreign_attributes.hpp"
#include "hdf5/sparse_matrix.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass::hdf5 {

namespace {

// The texts of the member `field` of a compound data set, as old versions keep obs and var.
std::vector<std::string> texts_of_field(hid_t dataset, const std::string& field) {
  const Handle type(H5Dget_type(dataset), H5Tclose);
  const Handle space(H5Dget_space(dataset), H5Sclose);
  const int number = H5Tget_class(type.get()) == H5T_COMPOUND
                         ? H5Tget_member_index(type.get(), field.c_str())
                         : -1;
  const hssize_t count = H5Sget_simple_extent_npoints(space.get());
  constexpr hssize_t most = hssize_t{1} << 24;
  if (number < 0 || count < 1 || count > most) {
    H5Eclear2(H5E_DEFAULT);
    return {};
  }
  const Handle member(H5Tget_member_type(type.get(), static_cast<unsigned>(number)), H5Tclose);
  if (H5Tget_class(member.get()) != H5T_STRING || H5Tis_variable_str(member.get()) <= 0) return {};
  const Handle memory(H5Tcreate(H5T_COMPOUND, sizeof(char*)), H5Tclose);
  H5Tinsert(memory.get(), field.c_str(), 0, member.get());
  std::vector<char*> values(static_cast<std::size_t>(count), nullptr);
  std::vector<std::string> texts;
  if (H5Dread(dataset, memory.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT,
              static_cast<void*>(values.data())) < 0) {
    H5Eclear2(H5E_DEFAULT);
    return {};
  }
  for (const char* value : values) texts.emplace_back(value == nullptr ? "" : value);
  H5Dvlen_reclaim(memory.get(), space.get(), H5P_DEFAULT, static_cast<void*>(values.data()));
  return texts;
}

// The index of a table of columns, which is a group or, in old files, a compound data set.
std::vector<std::string> index_of(hid_t file, const std::string& table) {
  const OpenedObject object = open_object(file, table);
  if (object.kind == H5I_DATASET) {
    auto texts = texts_of_field(object.handle.get(), "index");
    return texts.empty() ? texts_of_field(object.handle.get(), "_index") : texts;
  }
  if (object.kind != H5I_GROUP) return {};
  std::string index = text_attribute(object.handle.get(), "_index");
  if (index.empty()) index = "_index";
  const OpenedObject column = open_object(file, table + "/" + index);
  return column.kind == H5I_DATASET ? texts_of(column.handle.get()) : std::vector<std::string>();
}

// The index of the table beside a matrix: of X, of raw/X, which has variables of its own but the
// observations of X, and of a layer.
std::vector<std::string> names_beside(hid_t file, const std::string& path, const std::string& table,
                                      Index count) {
  const bool layer = path.find("/layers/") != std::string::npos;
  if (!layer && !path.ends_with("/X")) return {};
  std::string base = path.substr(0, layer ? path.find("/layers/") : path.size() - 2);
  const bool known = is_anndata(file) || text_attribute(open_object(file, base + "/.").handle.get(),
                                                        "encoding-type") == "anndata";
  if (!known) return {};
  if (table == "/obs" && base.ends_with("/raw")) base.resize(base.size() - 4);
  auto names = index_of(file, base + table);
  if (static_cast<Index>(names.size()) != count) names.clear();
  return names;
}

}  // namespace

bool is_anndata(hid_t file) {
  return text_attribute(file, "encoding-type") == "anndata" || has_links(file, {"X", "obs", "var"});
}

std::string anndata_samples(hid_t file, const std::string& file_name) {
  const OpenedObject x = open_object(file, "/X");
  if (x.kind == H5I_DATASET) return "/X";
  const DatasetAddress matrix{file_name, "/X"};
  const SparseKind kind =
      x.kind == H5I_GROUP ? sparse_kind(x.handle.get(), to_string(matrix)) : SparseKind::none;
  if (is_by_samples(kind)) return "/X";
  if (kind == SparseKind::none) {
    throw Error(ErrorKind::data, file_name + ": is an AnnData file without X; name a data set: " +
                                     file_name + ":/path (" + listing(file, "") + ")");
  }
  refuse_sparse(kind, matrix, file_name + ": is an AnnData file whose X is " + describe(kind));
}

std::vector<std::string> variable_names(hid_t file, const std::string& path, Index count) {
  return names_beside(file, path, "/var", count);
}

std::vector<std::string> observation_names(hid_t file, const std::string& path, Index count) {
  return names_beside(file, path, "/obs", count);
}

std::string tenx_samples(hid_t file, const std::string& file_name) {
  // Version 3 has one group, "matrix"; version 2 has one per genome.
  std::vector<std::string> groups;
  const auto keep = [](hid_t, const char* name, const H5L_info_t*, void* data) noexcept -> herr_t {
    constexpr std::size_t most = 100;
    auto& found = *static_cast<std::vector<std::string>*>(data);
    found.emplace_back(std::string("/") + name);
    return found.size() >= most ? 1 : 0;
  };
  if (H5Literate(file, H5_INDEX_NAME, H5_ITER_INC, nullptr, keep, &groups) < 0)
    H5Eclear2(H5E_DEFAULT);
  std::erase_if(groups, [&](const std::string& path) {
    const OpenedObject group = open_object(file, path);
    return group.kind != H5I_GROUP ||
           !has_links(group.handle.get(), {"barcodes", "data", "indices", "indptr", "shape"});
  });
  if (groups.size() <= 1) return groups.empty() ? "" : groups.front();
  std::string listed;
  for (const std::string& path : groups) listed += (listed.empty() ? "" : ", ") + path;
  throw Error(ErrorKind::data, file_name + ": is a 10x Genomics file of several genomes: " +
                                   listed + "; name one: " + file_name + ":" + groups.front());
}

std::vector<std::string> tenx_names(hid_t group, Index count) {
  for (const char* path : {"features/name", "gene_names", "features/id", "genes"}) {
    const OpenedObject object = open_object(group, path);
    if (object.kind != H5I_DATASET) continue;
    std::vector<std::string> names = texts_of(object.handle.get());
    std::vector<std::string> sorted = names;
    std::ranges::sort(sorted);
    const bool unique = std::ranges::adjacent_find(sorted) == sorted.end();
    if (unique && static_cast<Index>(names.size()) == count) return names;
  }
  return {};
}

std::vector<std::string> tenx_barcodes(hid_t group, Index count) {
  const OpenedObject object = open_object(group, "barcodes");
  if (object.kind != H5I_DATASET) return {};
  auto names = texts_of(object.handle.get());
  if (static_cast<Index>(names.size()) != count) names.clear();
  return names;
}

}  // namespace hourglass::hdf5
