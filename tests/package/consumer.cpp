#include <cstdio>

#include "hourglass/comm/environment.hpp"

int main() { std::printf("%s\n", hourglass::Environment::library_version().c_str()); }
