#include "run/model_origin.hpp"

#include <algorithm>
#include <filesystem>

#include "run/run_folder.hpp"

namespace hourglass {

namespace {

constexpr const char* path_text = "init_from";
constexpr const char* digest_text = "init_digest";
constexpr const char* taken_text = "init_taken";
constexpr const char* conditions_text_name = "init_conditions";

std::string text_of(const StateHeader& header, const char* name) {
  const auto found = header.texts.find(name);
  return found == header.texts.end() ? std::string() : found->second;
}

}  // namespace

std::string model_file_of(const std::string& name) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(name, ignored)) return name;
  const RunFolder run(name);
  if (std::filesystem::exists(run.model_path(), ignored)) return run.model_path();
  const auto checkpoints = run.checkpoints();
  return checkpoints.empty() ? name : checkpoints.front();
}

TrainConfig with_origin(TrainConfig config, const Model& source) {
  config.origin = {
      source.file.path, source.file.weights_digest, {}, source.network->spec().conditions};
  const AutoencoderSpec& model = source.network->spec();
  if (config.model.counts != Counts::none && model.counts == config.model.counts &&
      config.target_sum == 0)
    config.target_sum = model.library;
  return config;
}

std::vector<Condition> joined_conditions(std::vector<Condition> conditions,
                                         const std::vector<Condition>& known) {
  for (Condition& condition : conditions) {
    const auto before = std::ranges::find(known, condition.name, &Condition::name);
    if (before == known.end()) continue;
    std::vector<std::string> joined = before->categories;
    for (std::string& category : condition.categories) {
      if (std::ranges::find(before->categories, category) == before->categories.end())
        joined.push_back(std::move(category));
    }
    condition.categories = std::move(joined);
  }
  return conditions;
}

void store_origin(const ModelOrigin& origin, StateHeader& header) {
  if (!origin.known()) return;
  header.texts[path_text] = origin.path;
  header.texts[digest_text] = origin.digest;
  header.texts[taken_text] = origin.taken;
  if (!origin.conditions.empty())
    header.texts[conditions_text_name] = conditions_text(origin.conditions);
}

ModelOrigin load_origin(const StateHeader& header, const std::string& path) {
  ModelOrigin origin{
      text_of(header, path_text), text_of(header, digest_text), text_of(header, taken_text), {}};
  const std::string conditions = text_of(header, conditions_text_name);
  if (!conditions.empty()) origin.conditions = conditions_from(conditions, path);
  return origin;
}

bool is_origin_detail(const std::string& name) { return name == conditions_text_name; }

}  // namespace hourglass
