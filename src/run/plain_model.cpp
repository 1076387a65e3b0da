#include "run/plain_model.hpp"

#include "checkpoint/state_file.hpp"
#include "config/settings.hpp"
#include "hourglass/comm/communicator.hpp"
#include "run/model_file.hpp"
#include "run/version.hpp"

namespace hourglass {

void write_plain_model(const std::string& path, const TrainConfig& config,
                       const Autoencoder& network, std::span<const float> parameters) {
  StateHeader header;
  header.configuration = to_text(config);
  header.texts["tool_version"] = version();
  store_transform({}, header);
  const StoredArena arena{"/model",
                          stored_tensors(network.layout()),
                          {{0, network.layout().size()}},
                          {parameters.data()}};
  write_state_file(Communicator::self(), path, header, std::span(&arena, 1));
}

}  // namespace hourglass
