#include "checkpoint/state_file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "checkpoint/arena_slices.hpp"
#include "checkpoint/digest.hpp"
#include "checkpoint/state_layout.hpp"
#include "checkpoint/state_writer.hpp"
#include "core/buffer.hpp"
#include "hourglass/core/error.hpp"
#include "system/posix_file.hpp"

namespace hourglass {

namespace {

constexpr Index read_block = Index{1} << 18;  // floats

Index values_of(const std::vector<StoredTensor>& tensors) {
  Index values = 0;
  for (const StoredTensor& tensor : tensors) values += tensor.size;
  return values;
}

// Reads a tensor block by block and adds it to the digest; keeps it when `keep` is not null.
void read_tensor(int descriptor, const std::string& name, const StoredTensor& tensor, Index offset,
                 Buffer<float>& block, ArenaDigest& digest, float* keep) {
  for (Index begin = 0; begin < tensor.size; begin += read_block) {
    const Index size = std::min(read_block, tensor.size - begin);
    const std::span<float> values(keep != nullptr ? keep + begin : block.data(),
                                  static_cast<std::size_t>(size));
    posix::read_at(descriptor, offset + begin * static_cast<Index>(sizeof(float)),
                   std::as_writable_bytes(values), name);
    digest.add(tensor, begin, values);
  }
}

[[noreturn]] void fail_digest(const std::string& name, const StoredGroup& group) {
  throw Error(ErrorKind::data,
              name + ": corrupted: digest mismatch in " + group.group + "; use another copy");
}

[[noreturn]] void fail_fit(const std::string& name, const std::string& what) {
  throw Error(ErrorKind::data, name + ": " + what + " does not fit the model it is read into");
}

// Reads a whole group, into `arena` when it is not empty, and compares its digest.
void read_group(hid_t file, const std::string& name, const StoredGroup& group,
                std::span<float> arena) {
  const std::vector<Index> offsets = locate_tensors(file, name, group);
  const posix::FileDescriptor descriptor = posix::open_file(name, O_RDONLY, name);
  Buffer<float> block(arena.empty() ? std::min(read_block, values_of(group.tensors)) : 0);
  ArenaDigest digest;
  for (std::size_t t = 0; t < group.tensors.size(); ++t) {
    const StoredTensor& tensor = group.tensors[t];
    read_tensor(descriptor.get(), name, tensor, offsets[t], block, digest,
                arena.empty() ? nullptr : arena.data() + tensor.offset);
  }
  if (digest.hex() != group.digest) fail_digest(name, group);
}

const StoredGroup& find_group(const StateFile& file, const std::string& group) {
  const auto found = std::ranges::find(file.groups, group, &StoredGroup::group);
  if (found == file.groups.end()) throw Error(ErrorKind::data, file.path + ": holds no " + group);
  return *found;
}

std::vector<Index> locate_tensors(const StateFile& file, const StoredGroup& group) {
  const hdf5::Lock lock;
  const hdf5::Handle handle = hdf5::open_file(file.path);
  return locate_tensors(handle.get(), file.path, group);
}

// Reads slices of a group to where they say, adds them to the digest and returns their number of
// values.
Index read_slices(const StateFile& file, const StoredGroup& group,
                  std::span<const TensorSlice> slices, std::span<float> values,
                  ArenaDigest& digest) {
  const std::vector<Index> offsets = locate_tensors(file, group);
  const posix::FileDescriptor descriptor = posix::open_file(file.path, O_RDONLY, file.path);
  Index read = 0;
  for (const TensorSlice& slice : slices) {
    const std::span<float> target =
        values.subspan(static_cast<std::size_t>(slice.values - values.data()),
                       static_cast<std::size_t>(slice.size));
    posix::read_at(descriptor.get(),
                   offsets[slice.tensor] + slice.begin * static_cast<Index>(sizeof(float)),
                   std::as_writable_bytes(target), file.path);
    digest.add(group.tensors[slice.tensor], slice.begin, target);
    read += slice.size;
  }
  return read;
}

StateFile read_header(hid_t file, const std::string& path) {
  StateFile state;
  state.path = path;
  state.groups = read_state_layout(file, path, state.header).groups;
  constexpr std::string_view optimizer = "/optimizer/";
  for (const StoredGroup& group : state.groups) {
    if (group.group == "/model") {
      state.parameters = group.tensors;
      state.weights_digest = group.digest;
    }
    if (group.group.starts_with(optimizer))
      state.optimizer_groups.push_back(group.group.substr(optimizer.size()));
  }
  return state;
}

}  // namespace

void write_state_file(const Communicator& communicator, const std::string& path,
                      const StateHeader& header, std::span<const StoredArena> arenas) {
  StateWriter(communicator, path, header, {arenas.begin(), arenas.end()}).finish();
}

StateFile open_state_file(const std::string& path) {
  const hdf5::Lock lock;
  const hdf5::Handle file = hdf5::open_file(path);
  return read_header(file.get(), path);
}

StateFile read_state_file(const std::string& path) {
  const hdf5::Lock lock;
  const hdf5::Handle file = hdf5::open_file(path);
  StateFile state = read_header(file.get(), path);
  for (const StoredGroup& group : state.groups) read_group(file.get(), path, group, {});
  return state;
}

void read_arena(const StateFile& file, const std::string& group, std::span<float> arena) {
  const StoredGroup& found = find_group(file, group);
  for (const StoredTensor& tensor : found.tensors) {
    if (tensor.offset + tensor.size > static_cast<Index>(arena.size()))
      fail_fit(file.path, group + "/" + tensor.name);
  }
  std::fill(arena.begin(), arena.end(), 0.0F);
  const hdf5::Lock lock;
  const hdf5::Handle handle = hdf5::open_file(file.path);
  read_group(handle.get(), file.path, found, arena);
}

Index read_arena_ranges(const Communicator& communicator, const StateFile& file,
                        const std::string& group, std::span<const Range> ranges,
                        std::span<float> values) {
  std::fill(values.begin(), values.end(), 0.0F);
  StoredArena arena = stored_segment(group, ranges, values, {});
  const bool replicated = is_replicated(communicator, arena);
  const StoredGroup* found = nullptr;
  ArenaDigest digest;
  Index read = 0;
  collectively(communicator, [&] {
    found = &find_group(file, group);
    arena.tensors = found->tensors;
    read = read_slices(file, *found, slice_arena(arena, 1, 0), values, digest);
  });
  std::array<std::uint64_t, 1> read_by_all = {static_cast<std::uint64_t>(read)};
  if (!replicated) {
    communicator.sum(digest.words());
    communicator.sum(read_by_all);
  }
  collectively(communicator, [&] {
    if (static_cast<Index>(read_by_all[0]) != values_of(found->tensors)) fail_fit(file.path, group);
    if (digest.hex() != found->digest) fail_digest(file.path, *found);
  });
  return read * static_cast<Index>(sizeof(float));
}

StoredArena stored_segment(const std::string& group, std::span<const Range> ranges,
                           std::span<const float> values, std::span<const StoredTensor> tensors) {
  StoredArena arena{group, {tensors.begin(), tensors.end()}, {ranges.begin(), ranges.end()}, {}};
  const float* next = values.data();
  for (const Range& range : ranges) {
    arena.values.push_back(next);
    next += range.size();
  }
  require(next == values.data() + values.size(), "ranges that do not fill their memory");
  return arena;
}

std::vector<StoredTensor> stored_tensors(const Layout& layout) {
  std::vector<StoredTensor> tensors;
  for (const Tensor& tensor : layout.tensors())
    tensors.push_back({tensor.name, tensor.shape, tensor.offset, tensor.size});
  return tensors;
}

}  // namespace hourglass
