#include "checkpoint/state_contents.hpp"

#include <cstring>
#include <nlohmann/json.hpp>

#include "core/text_digest.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

using Json = nlohmann::ordered_json;

template <class Map>
std::vector<std::string> keys_of(const Map& map) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : map) keys.push_back(key);
  return keys;
}

StoredTensor tensor_from(const Json& json, Index file_bytes_limit) {
  StoredTensor tensor;
  tensor.name = json.at("name").get<std::string>();
  tensor.shape = json.at("shape").get<std::vector<Index>>();
  tensor.offset = json.at("offset").get<Index>();
  tensor.size = 1;
  for (const Index size : tensor.shape) {
    if (size < 0 || __builtin_mul_overflow(tensor.size, size, &tensor.size))
      throw std::out_of_range("shape");
  }
  if (tensor.name.empty() || tensor.shape.empty() || tensor.size > file_bytes_limit ||
      tensor.offset < 0 || tensor.offset > file_bytes_limit || tensor.offset % cell_floats != 0) {
    throw std::out_of_range("tensor");
  }
  return tensor;
}

// Length before content: no two headers give the same text.
void append(std::string& text, const std::string& item) {
  text += std::to_string(item.size()) + ":" + item;
}

}  // namespace

StateContents contents_of(const StateHeader& header, std::vector<StoredGroup> groups) {
  return {std::move(groups), keys_of(header.texts), keys_of(header.position),
          keys_of(header.doubles)};
}

std::string to_json(const StateContents& contents) {
  Json groups = Json::array();
  for (const StoredGroup& group : contents.groups) {
    Json tensors = Json::array();
    for (const StoredTensor& tensor : group.tensors) {
      tensors.push_back(
          {{"name", tensor.name}, {"shape", tensor.shape}, {"offset", tensor.offset}});
    }
    groups.push_back({{"group", group.group}, {"digest", group.digest}, {"tensors", tensors}});
  }
  const Json json = {{"groups", groups},
                     {"texts", contents.texts},
                     {"positions", contents.positions},
                     {"doubles", contents.doubles}};
  return json.dump();
}

StateContents parse_contents(const std::string& json, const std::string& file) {
  constexpr Index largest_arena = Index{1} << 48;  // floats: beyond any file system
  try {
    const Json parsed = Json::parse(json);
    StateContents contents;
    for (const Json& item : parsed.at("groups")) {
      StoredGroup group{
          item.at("group").get<std::string>(), {}, item.at("digest").get<std::string>()};
      for (const Json& tensor : item.at("tensors"))
        group.tensors.push_back(tensor_from(tensor, largest_arena));
      contents.groups.push_back(std::move(group));
    }
    contents.texts = parsed.at("texts").get<std::vector<std::string>>();
    contents.positions = parsed.at("positions").get<std::vector<std::string>>();
    contents.doubles = parsed.at("doubles").get<std::vector<std::string>>();
    return contents;
  } catch (const Error&) {
    throw;
  } catch (const std::exception&) {
    throw Error(ErrorKind::data,
                file + ": corrupted: its table of contents cannot be understood; use another copy");
  }
}

std::string state_digest(std::int64_t format_version, const std::string& contents_json,
                         const StateHeader& header) {
  std::string text = std::to_string(format_version) + "\n";
  append(text, contents_json);
  append(text, header.configuration);
  for (const auto& [name, value] : header.texts) {
    append(text, name);
    append(text, value);
  }
  for (const auto& [name, value] : header.position) {
    append(text, name);
    append(text, std::to_string(value));
  }
  for (const auto& [name, values] : header.doubles) {
    append(text, name);
    std::string bytes(values.size() * sizeof(double), '\0');
    if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
    append(text, bytes);
  }
  return text_digest(text);
}

}  // namespace hourglass
