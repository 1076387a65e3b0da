#include <cstdio>

#include "hourglass/dist/environment.hpp"
#include "hourglass/nn/autoencoder.hpp"

int main() {
  const hourglass::Autoencoder model({.encoder = {784, 1000, 500, 250, 30}});
  std::printf("%lld parameters\n", static_cast<long long>(model.layout().parameter_count()));
  std::printf("%s\n", hourglass::Environment::library_version().c_str());
}
