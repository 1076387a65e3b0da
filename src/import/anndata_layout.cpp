#include "import/anndata_layout.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "hdf5/anndata.hpp"
#include "hdf5/foreign_attributes.hpp"
#include "hdf5/hdf5_attributes.hpp"
#include "hdf5/text_list_attribute.hpp"
#include "hdf5/write_driver.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

using hdf5::Handle;
using hdf5::written;

namespace {

constexpr const char* attribute_failure = "an attribute cannot be written";
constexpr const char* text_failure = "a list of texts cannot be written";

void write_attribute(hid_t object, const std::string& key, hid_t stored, hid_t memory, hid_t space,
                     const void* values, const std::string& name) {
  const Handle handle(
      written(H5Acreate2(object, key.c_str(), stored, space, H5P_DEFAULT, H5P_DEFAULT), name,
              attribute_failure),
      H5Aclose);
  written(H5Awrite(handle.get(), memory, values), name, attribute_failure);
}

void write_numbers(hid_t object, const std::string& key, const std::vector<Index>& values,
                   const std::string& name) {
  const hsize_t count = values.size();
  const Handle space(written(H5Screate_simple(1, &count, nullptr), name, attribute_failure),
                     H5Sclose);
  write_attribute(object, key, H5T_STD_I64LE, H5T_NATIVE_INT64, space.get(), values.data(), name);
}

// As h5py stores booleans: readers take no other number for one.
void write_boolean(hid_t object, const std::string& key, bool value, const std::string& name) {
  const Handle type(written(H5Tenum_create(H5T_STD_I8LE), name, attribute_failure), H5Tclose);
  const std::int8_t no = 0;
  const std::int8_t yes = 1;
  written(H5Tenum_insert(type.get(), "FALSE", &no), name, attribute_failure);
  written(H5Tenum_insert(type.get(), "TRUE", &yes), name, attribute_failure);
  const Handle space(written(H5Screate(H5S_SCALAR), name, attribute_failure), H5Sclose);
  write_attribute(object, key, type.get(), type.get(), space.get(), value ? &yes : &no, name);
}

Handle fixed_text(std::size_t bytes, const std::string& name) {
  Handle type(written(H5Tcopy(H5T_C_S1), name, text_failure), H5Tclose);
  written(H5Tset_size(type.get(), bytes), name, text_failure);
  written(H5Tset_strpad(type.get(), H5T_STR_NULLPAD), name, text_failure);
  written(H5Tset_cset(type.get(), H5T_CSET_UTF8), name, text_failure);
  return type;
}

// Texts of one length, a block at a time: there may be as many as cells.
void write_texts(hid_t file, const std::string& path, Index rows, std::size_t longest,
                 const std::function<std::string(Index)>& text_of, const std::string& name) {
  constexpr Index block = 1 << 16;
  const Handle type = fixed_text(longest, name);
  const auto count = static_cast<hsize_t>(rows);
  const Handle space(written(H5Screate_simple(1, &count, nullptr), name, text_failure), H5Sclose);
  const Handle creation(written(H5Pcreate(H5P_DATASET_CREATE), name, text_failure), H5Pclose);
  written(H5Pset_obj_track_times(creation.get(), 0), name, text_failure);
  const Handle dataset(written(H5Dcreate2(file, path.c_str(), type.get(), space.get(), H5P_DEFAULT,
                                          creation.get(), H5P_DEFAULT),
                               name, text_failure),
                       H5Dclose);
  std::string bytes;
  for (Index begin = 0; begin < rows; begin += block) {
    const Index end = std::min(rows, begin + block);
    bytes.assign(static_cast<std::size_t>(end - begin) * longest, '\0');
    for (Index row = begin; row < end; ++row) {
      const std::string text = text_of(row);
      require(text.size() <= longest, "a text longer than was said");
      std::memcpy(bytes.data() + static_cast<std::size_t>(row - begin) * longest, text.data(),
                  text.size());
    }
    const auto start = static_cast<hsize_t>(begin);
    const auto size = static_cast<hsize_t>(end - begin);
    written(H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, &start, nullptr, &size, nullptr), name,
            text_failure);
    const Handle memory(written(H5Screate_simple(1, &size, nullptr), name, text_failure), H5Sclose);
    written(
        H5Dwrite(dataset.get(), type.get(), memory.get(), space.get(), H5P_DEFAULT, bytes.data()),
        name, text_failure);
  }
}

// The rows of obs or var: of their index or, in old files, of the compound data set.
Index table_rows(hid_t file, const std::string& table, const std::string& name) {
  hdf5::OpenedObject object = hdf5::open_object(file, table);
  if (object.kind == H5I_GROUP) {
    std::string index = hdf5::text_attribute(object.handle.get(), "_index");
    if (index.empty()) index = "_index";
    object = hdf5::open_object(file, table + "/" + index);
  }
  hssize_t rows = -1;
  if (object.kind == H5I_DATASET) {
    const Handle space(H5Dget_space(object.handle.get()), H5Sclose);
    rows = H5Sget_simple_extent_npoints(space.get());
    H5Eclear2(H5E_DEFAULT);
  }
  if (rows < 0) throw Error(ErrorKind::data, name + ": its " + table + " has no index of the rows");
  return static_cast<Index>(rows);
}

}  // namespace

AnnDataLayout::Facts AnnDataLayout::facts_of(const std::string& file, const std::string& path) {
  const hdf5::Lock lock;
  const Handle handle = hdf5::open_file(file);
  if (!hdf5::is_anndata(handle.get()))
    throw Error(ErrorKind::data, file + ": is not an AnnData file, which has X, obs and var");
  return {table_rows(handle.get(), "/obs", file), table_rows(handle.get(), "/var", file),
          hdf5::open_object(handle.get(), path).kind != H5I_BADID};
}

AnnDataLayout AnnDataLayout::of_new_file() {
  AnnDataLayout layout;
  layout.encode("/", "anndata", "0.1.0");
  for (const char* table : {"/obs", "/var"}) {
    layout.groups_.emplace_back(table);
    layout.encode(table, "dataframe", "0.2.0");
    layout.attributes_[table]["_index"] = std::string("_index");
    layout.attributes_[table]["column-order"] = std::vector<std::string>();
  }
  for (const char* group : {"/layers", "/obsm", "/obsp", "/uns", "/varm", "/varp"}) {
    layout.groups_.emplace_back(group);
    layout.encode(group, "dict", "0.1.0");
  }
  return layout;
}

AnnDataLayout AnnDataLayout::of_copy(const std::string& file) {
  AnnDataLayout layout;
  layout.source_ = file;
  return layout;
}

void AnnDataLayout::encode(const std::string& path, const std::string& type,
                           const std::string& version) {
  attributes_[path]["encoding-type"] = type;
  attributes_[path]["encoding-version"] = version;
}

std::size_t AnnDataLayout::add_sparse_rows(const std::string& path, Index rows, Index columns,
                                           Index entries, ElementType type, int compression) {
  const std::size_t number = datasets_.size();
  encode(path, "csr_matrix", "0.1.0");
  attributes_[path]["shape"] = std::vector<Index>{rows, columns};
  const Index chunk = compression > 0 ? suggested_chunk_rows({entries}, type) : 0;
  const int level = chunk > 0 ? compression : 0;
  datasets_.push_back({path + "/data", {entries}, type, chunk, level, {}});
  datasets_.push_back({path + "/indices", {entries}, ElementType::i32, chunk, level, {}});
  datasets_.push_back({path + "/indptr", {rows + 1}, ElementType::i64, 0, 0, {}});
  return number;
}

std::size_t AnnDataLayout::add_array(const std::string& path, const std::vector<Index>& shape,
                                     ElementType type, int compression) {
  encode(path, "array", "0.2.0");
  const std::string group = path.substr(0, path.rfind('/'));
  if (!source_.empty() && !group.empty()) {
    groups_.push_back(group);
    encode(group, "dict", "0.1.0");
  }
  const Index chunk = compression > 0 ? suggested_chunk_rows(shape, type) : 0;
  datasets_.push_back({path, shape, type, chunk, chunk > 0 ? compression : 0, {}});
  return datasets_.size() - 1;
}

std::size_t AnnDataLayout::add_column(const std::string& table, const std::string& name, Index rows,
                                      ElementType type) {
  std::get<std::vector<std::string>>(attributes_[table]["column-order"]).push_back(name);
  return add_array(table + "/" + name, {rows}, type);
}

std::size_t AnnDataLayout::add_categories(const std::string& table, const std::string& name,
                                          Index rows, const std::vector<std::string>& categories) {
  const std::string path = table + "/" + name;
  std::get<std::vector<std::string>>(attributes_[table]["column-order"]).push_back(name);
  encode(path, "categorical", "0.2.0");
  attributes_[path]["ordered"] = false;
  std::size_t longest = 1;
  for (const std::string& category : categories) longest = std::max(longest, category.size());
  texts_.push_back({path + "/categories", static_cast<Index>(categories.size()), longest,
                    [categories](Index row) { return categories[static_cast<std::size_t>(row)]; }});
  encode(path + "/categories", "string-array", "0.2.0");
  return add_array(path + "/codes", {rows}, ElementType::i32);
}

void AnnDataLayout::add_index(const std::string& table, Index rows, std::size_t longest,
                              std::function<std::string(Index)> text_of) {
  texts_.push_back(
      {table + "/_index", rows, std::max<std::size_t>(longest, 1), std::move(text_of)});
  encode(table + "/_index", "string-array", "0.2.0");
}

void AnnDataLayout::describe(const std::string& path, const std::string& key,
                             const std::string& text) {
  attributes_[path][key] = text;
}

FileFrame AnnDataLayout::frame() const {
  return {source_, [layout = *this](const std::string& temporary, const std::string& name) {
            layout.complete(temporary, name);
          }};
}

void AnnDataLayout::complete(const std::string& temporary, const std::string& name) const {
  const hdf5::Lock lock;
  hdf5::WriteStatus status;
  Handle file = hdf5::open_safely(temporary, name, false, &status);
  for (const std::string& group : groups_)
    static_cast<void>(hdf5::make_group(file.get(), group, name));
  for (const Texts& texts : texts_) {
    static_cast<void>(
        hdf5::make_group(file.get(), texts.path.substr(0, texts.path.rfind('/')), name));
    write_texts(file.get(), texts.path, texts.rows, texts.longest, texts.text_of, name);
  }
  for (const auto& [path, attributes] : attributes_) {
    const Handle object(
        written(H5Oopen(file.get(), path.c_str(), H5P_DEFAULT), name, attribute_failure), H5Oclose);
    for (const auto& [key, value] : attributes) {
      // What a copied file says of its own groups stays.
      if (H5Aexists(object.get(), key.c_str()) > 0) continue;
      if (const auto* text = std::get_if<std::string>(&value)) {
        hdf5::write_long_text(object.get(), key, *text, name);
      } else if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) {
        hdf5::write_text_list(object.get(), key, *texts, name);
      } else if (const auto* numbers = std::get_if<std::vector<Index>>(&value)) {
        write_numbers(object.get(), key, *numbers, name);
      } else {
        write_boolean(object.get(), key, std::get<bool>(value), name);
      }
    }
  }
  hdf5::close_safely(file, name, status);
}

}  // namespace hourglass
