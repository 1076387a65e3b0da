// A short run of a fuzzer without libFuzzer, by any compiler, as a test: FUZZER SEEDS SECONDS LAST.
// Every file of the folder SEEDS must be accepted (a fuzzer whose seeds are refused tests nothing),
// but those named refused-* be refused; then come random changes to them for SECONDS. The file LAST
// holds the input of the moment, which is the find when the program dies over it.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" [[gnu::weak]] int LLVMFuzzerInitialize(int* argc, char*** argv);

namespace hourglass {

namespace {

using Input = std::vector<std::uint8_t>;

constexpr std::size_t largest = 65536;

// What survives a process that dies.
class LastInput {
 public:
  explicit LastInput(const char* path)
      : descriptor_(open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {
    if (descriptor_ < 0 || ftruncate(descriptor_, static_cast<off_t>(largest)) != 0) std::exit(74);
    memory_ = mmap(nullptr, largest, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0);
    if (memory_ == MAP_FAILED) std::exit(74);
  }
  LastInput(const LastInput&) = delete;
  LastInput& operator=(const LastInput&) = delete;
  ~LastInput() = default;

  void keep(const Input& input) const {
    if (ftruncate(descriptor_, static_cast<off_t>(std::max<std::size_t>(input.size(), 1))) != 0)
      std::exit(74);
    std::memcpy(memory_, input.data(), input.size());
  }

 private:
  int descriptor_;
  void* memory_ = nullptr;
};

class Mutator {
 public:
  explicit Mutator(std::vector<Input> seeds) : seeds_(std::move(seeds)) {}

  Input next() {
    Input input = seeds_[below(seeds_.size())];
    for (std::size_t changes = 1 + below(4); changes > 0; --changes) change(input);
    input.resize(std::min(input.size(), largest));
    return input;
  }

 private:
  std::size_t below(std::size_t end) { return end == 0 ? 0 : random_() % end; }

  void change(Input& input) {
    const std::size_t place = below(input.size());
    const std::size_t length = std::min(1 + below(16), input.size() - place);
    const auto begin = input.begin() + static_cast<std::ptrdiff_t>(place);
    const auto end = begin + static_cast<std::ptrdiff_t>(length);
    switch (below(7)) {
      case 0:  // one bit
        if (!input.empty()) *begin = static_cast<std::uint8_t>(*begin ^ 1U << below(8));
        break;
      case 1: {  // a number at the edge of its type, either end first
        constexpr std::uint64_t edges[] = {0,          1,          0x7f,       0xff,
                                           0x7fff,     0xffff,     0x7fffffff, 0xffffffff,
                                           1ULL << 32, ~0ULL >> 1, ~0ULL};
        const std::uint64_t edge = edges[below(std::size(edges))];
        const bool turned = below(2) == 1;
        const std::size_t width = std::min(std::size_t{1} << below(4), input.size() - place);
        for (std::size_t i = 0; i < width; ++i) {
          input[place + i] = static_cast<std::uint8_t>(edge >> 8 * (turned ? width - 1 - i : i));
        }
        break;
      }
      case 2:
        input.erase(begin, end);
        break;
      case 3: {  // a piece twice
        const Input piece(begin, end);
        input.insert(begin, piece.begin(), piece.end());
        break;
      }
      case 4:  // the end of another
        input.resize(place);
        if (const Input& other = seeds_[below(seeds_.size())]; !other.empty()) {
          input.insert(input.end(),
                       other.begin() + static_cast<std::ptrdiff_t>(below(other.size())),
                       other.end());
        }
        break;
      case 5: {  // a word that texts and headers stumble over
        constexpr const char* words[] = {
            "\n", "\"", "-1", "nan", "1e999", "9223372036854775807", "=", ",", "(", "\xEF\xBB\xBF"};
        const std::string word = words[below(std::size(words))];
        input.insert(begin, word.begin(), word.end());
        break;
      }
      default:
        input.resize(place);
    }
  }

  std::vector<Input> seeds_;
  std::mt19937_64 random_;
};

int fuzz(const char* folder, double seconds, const char* last) {
  const LastInput last_input(last);
  std::vector<Input> seeds;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream stream(entry.path(), std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
    const std::size_t before = refusals();
    last_input.keep(seeds.back());
    LLVMFuzzerTestOneInput(seeds.back().data(), seeds.back().size());
    if ((refusals() > before) != entry.path().filename().string().starts_with("refused-")) {
      std::fprintf(stderr, "%s: should be %s\n", entry.path().c_str(),
                   refusals() > before ? "accepted" : "refused");
      return 1;
    }
  }
  if (seeds.empty()) return 1;
  Mutator mutator(seeds);
  std::size_t executions = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  for (; std::chrono::steady_clock::now() < end; ++executions) {
    const Input input = mutator.next();
    last_input.keep(input);
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  std::printf("%zu seeds, %zu executions, %zu of them refused\n", seeds.size(), executions,
              refusals());
  return 0;
}

}  // namespace

}  // namespace hourglass

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s SEEDS SECONDS LAST\n", argv[0]);
    return 64;
  }
  if (LLVMFuzzerInitialize != nullptr) LLVMFuzzerInitialize(&argc, &argv);
  return hourglass::fuzz(argv[1], std::atof(argv[2]), argv[3]);
}
