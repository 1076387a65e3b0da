// The C API: every exception ends here and becomes a code and a text.
#include <algorithm>
#include <cstring>
#include <exception>
#include <limits>
#include <new>
#include <string>

#include "hourglass/core/error.hpp"
#include "hourglass/hourglass.h"
#include "run/serving_model.hpp"
#include "run/version.hpp"

struct hourglass_model {
  explicit hourglass_model(const char* path) : serving(path) {}

  hourglass::ServingModel serving;
};

namespace {

using hourglass::ElementType;
using hourglass::Error;
using hourglass::ErrorKind;
using hourglass::Index;

thread_local std::string last_error;

// Runs `work` and keeps what goes wrong for hourglass_last_error().
template <class Work>
int guarded(const Work& work) noexcept {
  try {
    try {
      work();
      return HOURGLASS_OK;
    } catch (const Error& error) {
      last_error = error.what();
      return error.exit_code();
    } catch (const std::bad_alloc&) {
      last_error = "out of memory";
      return HOURGLASS_IO;
    } catch (const std::exception& error) {
      last_error = std::string("internal error: ") + error.what();
      return HOURGLASS_BUG;
    }
  } catch (...) {
    // There is no memory for the text either.
    last_error.clear();
    return HOURGLASS_IO;
  }
}

void require_argument(const void* argument, const char* name) {
  if (argument == nullptr) throw Error(ErrorKind::usage, std::string(name) + " is NULL");
}

// The number of rows, once it is known that their elements can be counted.
Index checked(const hourglass_model* model, const void* from, std::size_t n, const void* to) {
  require_argument(model, "the model");
  if (n == 0) return 0;
  require_argument(from, "the array to read");
  require_argument(to, "the array to write");
  const Index widest =
      std::max({model->serving.features(), model->serving.outputs(), model->serving.code_size()});
  const auto most = std::numeric_limits<Index>::max() / static_cast<Index>(sizeof(double)) / widest;
  if (n > static_cast<std::size_t>(most))
    throw Error(ErrorKind::usage, std::to_string(n) + " samples do not fit the address space");
  return static_cast<Index>(n);
}

int encode(const hourglass_model* model, ElementType type, const void* samples, std::size_t n,
           float* codes) {
  return guarded([&] {
    const Index rows = checked(model, samples, n, codes);
    model->serving.encode(type, samples, rows, codes);
  });
}

int reconstruct(const hourglass_model* model, ElementType type, const void* samples, std::size_t n,
                float* outputs) {
  return guarded([&] {
    const Index rows = checked(model, samples, n, outputs);
    model->serving.reconstruct(type, samples, rows, outputs);
  });
}

}  // namespace

const char* hourglass_version() {
  // Without the name of the program.
  static const std::string text = hourglass::version();
  return text.c_str() + text.rfind(' ') + 1;
}

const char* hourglass_last_error() { return last_error.c_str(); }

int hourglass_load(const char* path, hourglass_model** model, char* error, std::size_t error_size) {
  if (model != nullptr) *model = nullptr;
  const int code = guarded([&] {
    require_argument(path, "the path");
    require_argument(model, "the place of the model");
    *model = new hourglass_model(path);
  });
  if (error != nullptr && error_size > 0) {
    const std::size_t length =
        code == HOURGLASS_OK ? 0 : std::min(error_size - 1, last_error.size());
    std::memcpy(error, last_error.data(), length);
    error[length] = '\0';
  }
  return code;
}

void hourglass_free(hourglass_model* model) { delete model; }

int64_t hourglass_inputs(const hourglass_model* model) {
  return model == nullptr ? 0 : model->serving.features();
}

int64_t hourglass_code_size(const hourglass_model* model) {
  return model == nullptr ? 0 : model->serving.code_size();
}

int64_t hourglass_outputs(const hourglass_model* model) {
  return model == nullptr ? 0 : model->serving.outputs();
}

int hourglass_encode(const hourglass_model* model, const float* samples, std::size_t n,
                     float* codes) {
  return encode(model, ElementType::f32, samples, n, codes);
}

int hourglass_encode_double(const hourglass_model* model, const double* samples, std::size_t n,
                            float* codes) {
  return encode(model, ElementType::f64, samples, n, codes);
}

int hourglass_reconstruct(const hourglass_model* model, const float* samples, std::size_t n,
                          float* outputs) {
  return reconstruct(model, ElementType::f32, samples, n, outputs);
}

int hourglass_reconstruct_double(const hourglass_model* model, const double* samples, std::size_t n,
                                 float* outputs) {
  return reconstruct(model, ElementType::f64, samples, n, outputs);
}

int hourglass_decode(const hourglass_model* model, const float* codes, std::size_t n,
                     float* outputs) {
  return guarded([&] {
    const Index rows = checked(model, codes, n, outputs);
    model->serving.decode(codes, rows, outputs);
  });
}

int hourglass_batch_invariant(const hourglass_model* model) {
  return model != nullptr && model->serving.batch_invariant() ? 1 : 0;
}

int64_t hourglass_micro_batch(const hourglass_model* model) {
  return model == nullptr ? 0 : model->serving.micro_batch();
}
