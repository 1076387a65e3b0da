// CSV files. The first byte chooses the settings, the rest is the file.
#include "fuzz.hpp"
#include "hourglass/comm/communicator.hpp"
#include "hourglass/comm/environment.hpp"
#include "import/csv.hpp"

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  static const hourglass::Environment environment(*argc, *argv);  // the scan is collective
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hourglass;
  if (size == 0) return 0;
  expect_refusal_at_most([&] {
    CsvSettings settings;
    settings.delimiter = (data[0] & 1) != 0 ? ';' : ',';
    if ((data[0] & 2) != 0) settings.label_column = "1";
    if ((data[0] & 4) != 0) settings.header = "false";
    if ((data[0] & 8) != 0) settings.numbers = {',', '.'};
    if ((data[0] & 16) != 0) settings.categorical = {"2"};
    if ((data[0] & 32) != 0) settings.date_order = "mdy";
    const std::string path = as_file({data + 1, size - 1});
    const auto table = scan_csv(Communicator::world(), std::span(&path, 1), settings).front();
    read_all(*csv_samples(table));
    if (!settings.label_column.empty()) read_all(*csv_labels(table));
  });
  return 0;
}
