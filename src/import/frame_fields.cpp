#include "import/frame_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "hdf5/dataset_checks.hpp"
#include "hdf5/filters.hpp"
#include "hdf5/foreign_attributes.hpp"
#include "hdf5/pandas_store.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

using hdf5::checked;
using hdf5::Handle;

namespace {

constexpr std::size_t longest_record = std::size_t{1} << 26;

[[noreturn]] void refuse(const std::string& name, const std::string& reason) {
  throw Error(ErrorKind::data, name + ": " + reason);
}

FramePart open_part(const Frame& frame, const DatasetAddress& address) {
  FramePart part;
  part.name = to_string(address);
  auto object = hdf5::open_object(frame.opened.get(), address.path, address.options.allow_external);
  if (object.kind != H5I_DATASET) refuse(part.name, "no such data set");
  part.dataset = std::move(object.handle);
  part.space =
      Handle(checked(H5Dget_space(part.dataset.get()), part.name, "has no shape"), H5Sclose);
  DatasetInfo info;
  info.address = address;
  info.shape = hdf5::read_shape(part.space.get(), part.name);
  hdf5::read_layout(part.dataset.get(), part.space.get(), info, part.name);
  return part;
}

Handle type_of(const FramePart& part) {
  return {checked(H5Dget_type(part.dataset.get()), part.name, "its type cannot be read"), H5Tclose};
}

bool is_boolean(hid_t type) {
  const H5T_class_t kind = H5Tget_class(type);
  if (H5Tget_size(type) != 1) return false;
  // PyTables' booleans are bit fields, h5py's enumerations of FALSE and TRUE.
  return kind == H5T_BITFIELD || (kind == H5T_ENUM && H5Tget_nmembers(type) == 2);
}

/// Notes the names of columns that lie together; whether all of them are to be left out.
bool all_dropped(const std::vector<std::string>& names, const std::vector<std::string>& drop,
                 Frame& frame) {
  frame.names.insert(frame.names.end(), names.begin(), names.end());
  return std::ranges::all_of(
      names, [&](const std::string& name) { return std::ranges::find(drop, name) != drop.end(); });
}

/// How cells of a stored type are read; `pandas` is the name that pandas gives the type, if it
/// does. Sets kind, type and bytes of the field; an invalid handle for what is none of these.
Handle cells_of(hid_t stored, const std::string& pandas, FrameField& field) {
  if (pandas.starts_with("datetime64") || pandas.starts_with("timedelta64")) {
    if (H5Tget_class(stored) != H5T_INTEGER) return {};
    field.kind = pandas.starts_with("datetime64") ? CellKind::time : CellKind::duration;
    return {H5Tcopy(H5T_NATIVE_INT64), H5Tclose};
  }
  if (pandas == "category") {
    if (H5Tget_class(stored) != H5T_INTEGER) return {};
    field.kind = CellKind::code;
    return {H5Tcopy(H5T_NATIVE_INT64), H5Tclose};
  }
  if (is_boolean(stored)) {
    field.kind = CellKind::boolean;
    return {H5Tcopy(stored), H5Tclose};
  }
  if (H5Tget_class(stored) == H5T_STRING) {
    field.kind = H5Tis_variable_str(stored) > 0 ? CellKind::pointer : CellKind::text;
    field.bytes = H5Tget_size(stored);
    return {H5Tcopy(stored), H5Tclose};
  }
  if (!hdf5::element_type_of(stored, field.type)) return {};
  field.kind = CellKind::number;
  return {H5Tcopy(H5T_NATIVE_DOUBLE), H5Tclose};
}

struct Member {
  std::string name;
  Handle type;            // of one element
  std::size_t count = 1;  // of an array of one dimension; 0: of several
  bool is_array = false;
};

Member member_of(hid_t record, unsigned number) {
  Member member;
  char* name = H5Tget_member_name(record, number);
  member.name = name == nullptr ? "" : name;
  H5free_memory(name);
  member.type = Handle(H5Tget_member_type(record, number), H5Tclose);
  if (H5Tget_class(member.type.get()) != H5T_ARRAY) return member;
  member.is_array = true;
  hsize_t extent = 0;
  const bool flat = H5Tget_array_ndims(member.type.get()) == 1;
  if (flat) H5Tget_array_dims2(member.type.get(), &extent);
  constexpr hsize_t most = hsize_t{1} << 20;
  member.count = flat && extent <= most ? static_cast<std::size_t>(extent) : 0;
  member.type = Handle(H5Tget_super(member.type.get()), H5Tclose);
  return member;
}

void add_table(const DatasetAddress& address, const std::string& group, Frame& frame,
               const std::vector<std::string>& drop = {});
void check_rows(Frame& frame);

/// Categories of a field of a table, which are a table of their own.
std::vector<std::string> categories_of(const Frame& frame, const DatasetAddress& address,
                                       const std::string& group, const std::string& field) {
  Frame table;
  table.name = frame.name;
  table.file = frame.file;
  table.opened = hdf5::open_file(frame.file);
  DatasetAddress own = address;
  own.path = group + "/meta/" + field + "/meta/table";
  add_table(own, "", table);
  check_rows(table);
  const auto values = std::ranges::find(table.fields, "values", &FrameField::name);
  constexpr Index most = Index{1} << 20;
  const bool known = values != table.fields.end() &&
                     (values->kind == CellKind::text || values->kind == CellKind::number);
  if (!known || table.rows > most)
    refuse(frame.name, "the categories of column '" + field + "' cannot be read");
  const FrameBlock block = table.read(0, {0, table.rows});
  std::vector<std::string> texts;
  for (Index row = 0; row < table.rows; ++row) texts.push_back(cell_text(*values, block.row(row)));
  return texts;
}

/// The columns of a data set of records. `group` is the frame that it is the table of, or "".
void add_table(const DatasetAddress& address, const std::string& group, Frame& frame,
               const std::vector<std::string>& drop) {
  FramePart part = open_part(frame, address);
  const Handle stored = type_of(part);
  if (H5Tget_class(stored.get()) != H5T_COMPOUND) refuse(part.name, "is not a table of records");
  const std::vector<std::string> index = hdf5::index_fields(frame.opened.get(), address.path);
  std::vector<std::pair<Member, Handle>> cells;
  std::size_t offset = 0;
  const int members = H5Tget_nmembers(stored.get());
  for (int i = 0; i < members; ++i) {
    Member member = member_of(stored.get(), static_cast<unsigned>(i));
    if (std::ranges::find(index, member.name) != index.end()) continue;
    const auto text = [&](const char* suffix) {
      return hdf5::text_attribute(part.dataset.get(), (member.name + suffix).c_str());
    };
    auto names = hdf5::pickled_list(text("_kind"));
    if (names.size() != member.count) {
      names.clear();
      for (std::size_t k = 0; k < member.count; ++k)
        names.push_back(member.is_array ? fmt::format("{}[{}]", member.name, k) : member.name);
    }
    if (all_dropped(names, drop, frame)) continue;
    FrameField field;
    field.part = frame.parts.size();
    const bool category = text("_meta") == "category";
    Handle type = cells_of(member.type.get(), category ? "category" : text("_dtype"), field);
    if (type.get() < 0 || member.count == 0) {
      refuse(part.name,
             fmt::format("its column '{}' holds {}, which has no kind of column: leave "
                         "it out with --drop-columns {}",
                         member.name, hdf5::describe_type(member.type.get()), member.name));
    }
    if (category) field.categories = categories_of(frame, address, group, member.name);
    const std::size_t bytes = H5Tget_size(type.get());
    for (std::size_t k = 0; k < member.count; ++k) {
      field.name = names[k];
      field.offset = offset + k * bytes;
      frame.fields.push_back(field);
    }
    part.has_pointers = part.has_pointers || field.kind == CellKind::pointer;
    offset += member.count * bytes;
    if (offset > longest_record) refuse(part.name, "its header claims impossible records");
    cells.emplace_back(std::move(member), std::move(type));
  }
  if (cells.empty()) refuse(part.name, "no column is left for the samples");
  part.row_bytes = offset;
  part.element =
      Handle(checked(H5Tcreate(H5T_COMPOUND, offset), part.name, "cannot be read"), H5Tclose);
  offset = 0;
  for (const auto& [member, type] : cells) {
    const hsize_t count = member.count;
    const Handle whole(
        member.is_array ? H5Tarray_create2(type.get(), 1, &count) : H5Tcopy(type.get()), H5Tclose);
    checked(H5Tinsert(part.element.get(), member.name.c_str(), offset, whole.get()), part.name,
            "cannot be read");
    offset += member.count * H5Tget_size(type.get());
  }
  frame.parts.push_back(std::move(part));
}

/// The columns of a block of a frame in the fixed format.
void add_block(const DatasetAddress& address, const std::vector<std::string>& names, Frame& frame) {
  FramePart part = open_part(frame, address);
  const Handle stored = type_of(part);
  hsize_t shape[2] = {0, 0};
  const bool pickled = H5Tget_class(stored.get()) == H5T_VLEN;
  const bool fits = H5Sget_simple_extent_ndims(part.space.get()) == 2;
  if (fits) H5Sget_simple_extent_dims(part.space.get(), shape, nullptr);
  FrameField field;
  field.part = frame.parts.size();
  part.element =
      cells_of(stored.get(), hdf5::text_attribute(part.dataset.get(), "value_type"), field);
  if (pickled || part.element.get() < 0) {
    refuse(frame.name,
           fmt::format(
               "its columns '{0}' are pickled Python objects; store the frame as a table: python3 "
               "-c \"import pandas; pandas.read_hdf('{1}', '{2}').to_hdf('table.h5', 'x', "
               "mode='w', format='table')\" and name table.h5:/x",
               fmt::join(names, "', '"), frame.file, parse_address(frame.name).path));
  }
  if (!fits || shape[1] != names.size()) refuse(part.name, "does not fit the names of its columns");
  const std::size_t bytes = H5Tget_size(part.element.get());
  if (bytes > longest_record / names.size()) refuse(part.name, "its header claims impossible rows");
  part.row_bytes = bytes * names.size();
  part.has_pointers = field.kind == CellKind::pointer;
  for (std::size_t k = 0; k < names.size(); ++k) {
    field.name = names[k];
    field.offset = k * bytes;
    frame.fields.push_back(field);
  }
  frame.parts.push_back(std::move(part));
}

/// The fields in the order of the columns' names, where these are the same.
void sort_fields(const std::vector<std::string>& order, std::vector<FrameField>& fields) {
  std::vector<FrameField> sorted;
  for (const std::string& name : order) {
    const auto found = std::ranges::find(fields, name, &FrameField::name);
    if (found != fields.end()) sorted.push_back(*found);
  }
  if (sorted.size() == fields.size()) fields = std::move(sorted);
}

void add_blocks(const DatasetAddress& address, const std::vector<std::string>& drop, Frame& frame) {
  const hid_t file = frame.opened.get();
  constexpr int most_blocks = 10000;
  for (int k = 0; k < most_blocks; ++k) {
    const std::string block = address.path + "/block" + std::to_string(k);
    if (hdf5::open_object(file, block + "_values").kind != H5I_DATASET) break;
    const auto names = hdf5::frame_items(file, block + "_items");
    if (names.empty()) refuse(frame.name, "the names of its columns cannot be read");
    DatasetAddress values = address;
    values.path = block + "_values";
    if (!all_dropped(names, drop, frame)) add_block(values, names, frame);
  }
  sort_fields(hdf5::frame_items(file, address.path + "/axis0"), frame.fields);
}

void drop_columns(const std::vector<std::string>& drop, Frame& frame) {
  for (const std::string& name : drop) {
    if (std::ranges::find(frame.names, name) == frame.names.end()) {
      throw Error(ErrorKind::usage,
                  frame.name + ": has no column '" + name + "', which --drop-columns names");
    }
  }
  std::erase_if(frame.fields, [&](const FrameField& field) {
    return std::ranges::find(drop, field.name) != drop.end();
  });
  if (frame.fields.empty()) refuse(frame.name, "no column is left for the samples");
}

void check_rows(Frame& frame) {
  for (const FramePart& part : frame.parts) {
    hsize_t shape[H5S_MAX_RANK] = {};
    H5Sget_simple_extent_dims(part.space.get(), shape, nullptr);
    const auto rows = static_cast<Index>(shape[0]);
    if (&part != &frame.parts.front() && rows != frame.rows)
      refuse(part.name, "has another number of rows than " + frame.parts.front().name);
    frame.rows = rows;
  }
  if (frame.rows == 0) refuse(frame.name, "holds no rows");
  std::vector<std::string> names;
  for (const FrameField& field : frame.fields) names.push_back(field.name);
  std::ranges::sort(names);
  const auto twice = std::ranges::adjacent_find(names);
  if (twice != names.end()) refuse(frame.name, "has two columns '" + *twice + "'; rename one");
}

/// Whether the reader of data sets understands it as well: one block, or a table, of numbers.
bool is_plain(const Frame& frame) {
  return frame.parts.size() == 1 && std::ranges::all_of(frame.fields, [](const FrameField& field) {
           return field.kind == CellKind::number;
         });
}

}  // namespace

FrameBlock::~FrameBlock() {
  if (element_.get() < 0) return;
  const hdf5::Lock lock;
  H5Dvlen_reclaim(element_.get(), space_.get(), H5P_DEFAULT, bytes_.data());
}

FrameBlock Frame::read(std::size_t number, Range range) const {
  const hdf5::Lock lock;
  const FramePart& part = parts[number];
  hsize_t extents[H5S_MAX_RANK] = {};
  const int dimensions = H5Sget_simple_extent_dims(part.space.get(), extents, nullptr);
  hsize_t begin[H5S_MAX_RANK] = {static_cast<hsize_t>(range.begin)};
  extents[0] = static_cast<hsize_t>(range.size());
  checked(H5Sselect_hyperslab(part.space.get(), H5S_SELECT_SET, begin, nullptr, extents, nullptr),
          part.name, "rows cannot be selected");
  Handle memory(
      checked(H5Screate_simple(dimensions, extents, nullptr), part.name, "rows cannot be selected"),
      H5Sclose);
  FrameBlock block(part, range.size());
  checked(H5Dread(part.dataset.get(), part.element.get(), memory.get(), part.space.get(),
                  H5P_DEFAULT, block.bytes_.data()),
          part.name, "rows cannot be read");
  if (part.has_pointers) {
    block.element_ = Handle(H5Tcopy(part.element.get()), H5Tclose);
    block.space_ = std::move(memory);
  }
  return block;
}

std::int64_t cell_integer(const FrameField& field, const std::byte* row) {
  std::int64_t value = 0;
  std::memcpy(&value, row + field.offset, sizeof value);
  return value;
}

double cell_number(const FrameField& field, const std::byte* row) {
  if (field.kind == CellKind::boolean) return row[field.offset] == std::byte{0} ? 0 : 1;
  double value = 0;
  std::memcpy(&value, row + field.offset, sizeof value);
  return value;
}

std::string cell_text(const FrameField& field, const std::byte* row) {
  if (field.kind == CellKind::number) return fmt::format("{}", cell_number(field, row));
  if (field.kind == CellKind::pointer) {
    const char* text = nullptr;
    std::memcpy(&text, row + field.offset, sizeof text);
    return text == nullptr ? "" : text;
  }
  const auto* const text = reinterpret_cast<const char*>(row + field.offset);
  return {text, strnlen(text, field.bytes)};
}

std::optional<Frame> open_frame(const DatasetAddress& given, const std::vector<std::string>& drop) {
  const hdf5::Lock lock;
  DatasetAddress address = given;
  if (address.options.allow_external) hdf5::allow_plugins();
  Frame frame;
  frame.file = address.file;
  frame.opened = hdf5::open_file(address.file);
  const hid_t file = frame.opened.get();
  if (address.path.empty()) {
    const auto found = hdf5::is_pytables(file) ? hdf5::frames(file) : std::vector<std::string>();
    if (found.size() != 1) return std::nullopt;
    address.path = found.front();
  }
  frame.name = to_string(address);
  const auto object = hdf5::open_object(file, address.path, address.options.allow_external);
  if (object.kind == H5I_DATASET) {
    const Handle type(H5Dget_type(object.handle.get()), H5Tclose);
    if (H5Tget_class(type.get()) != H5T_COMPOUND || hdf5::describe_type(type.get()) != "compound")
      return std::nullopt;
    add_table(address, "", frame, drop);
  } else if (object.kind == H5I_GROUP && hdf5::is_frame(object.handle.get())) {
    const hid_t group = object.handle.get();
    frame.missing_text = hdf5::text_attribute(group, "nan_rep");
    if (hdf5::has_links(group, {"table"})) {
      DatasetAddress table = address;
      table.path += "/table";
      add_table(table, address.path, frame, drop);
      sort_fields(hdf5::pickled_list(hdf5::text_attribute(group, "non_index_axes")), frame.fields);
    } else if (hdf5::has_links(group, {"block0_values", "axis0"})) {
      add_blocks(address, drop, frame);
    } else {
      return std::nullopt;
    }
  } else {
    return std::nullopt;
  }
  drop_columns(drop, frame);
  check_rows(frame);
  if (drop.empty() && is_plain(frame)) return std::nullopt;
  return frame;
}

}  // namespace hourglass
