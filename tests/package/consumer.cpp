#include <cmath>
#include <cstdio>

#include "hourglass/hourglass.hpp"

void train_and_encode(const hourglass::Communicator& world) {
  // 512 samples of 16 features, all given by rank 0.
  hourglass::OwnedMatrix samples(world.is_root() ? 512 : 0, 16);
  for (hourglass::Index r = 0; r < samples.rows(); ++r)
    for (hourglass::Index c = 0; c < 16; ++c) samples(r, c) = 0.5F + 0.5F * std::sin(0.01F * r * c);
  hourglass::write_samples(world, "waves.h5:/samples", samples);

  hourglass::TrainingSettings settings;
  settings.set("data", "waves.h5:/samples").set("output", "run").set("layers", "16,8,2");
  settings.set("batch", 64).set("micro-batch", 16).set("epochs", 20).set("learning-rate", 0.01);
  const auto outcome = hourglass::train(world, settings);
  if (!world.is_root()) return;

  const auto model = hourglass::TrainedModel::load(outcome.model_path);
  const auto codes = model.encode(samples);  // 512 x 2
  hourglass::write_samples(hourglass::Communicator::self(), "codes.h5:/codes", codes);
  model.save("waves-model.h5");
  std::printf("weights digest %s after %lld steps\n", model.digest().c_str(),
              static_cast<long long>(outcome.steps));
}

int main(int argc, char** argv) {
  const hourglass::Environment environment(argc, argv);
  const auto world = hourglass::Communicator::world();
  try {
    train_and_encode(world);
    return 0;
  } catch (const hourglass::Error& error) {
    // Known to all ranks, or met by this one alone, whom the others would wait for.
    const bool shared = error.reach() == hourglass::Reach::everywhere || world.size() == 1;
    if (!shared || world.is_root()) std::fprintf(stderr, "consumer: %s\n", error.what());
    if (!shared) hourglass::Environment::abort(error.exit_code());
    return error.exit_code();
  }
}
