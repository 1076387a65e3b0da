#include "system/file_kind.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <string_view>
#include <vector>

#include "system/byte_file.hpp"

namespace hourglass {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view hdf5_signature = "\x89HDF\r\n\x1a\n";
// Beyond the first bytes lie the marks of tar (257) and NIfTI (344).
constexpr Index looked_at = 4096;

// How the numbers of such files get into an HDF5 file; {} is the file.
constexpr const char* by_import =
    "make an HDF5 file of it: hourglass import {} --output OUT.h5:/train";
constexpr const char* by_csv_import =
    "if it is a table, make an HDF5 file of it: hourglass import {} --format csv --output "
    "OUT.h5:/train";
constexpr const char* by_nccopy =
    "convert it: nccopy -k nc4 {} OUT.nc (Debian's package netcdf-bin)";
constexpr const char* by_numpy =
    "read it in Python with the library that wrote it, save numpy.ascontiguousarray(array) with "
    "numpy.save, and give the .npy file to hourglass import";
constexpr const char* by_csv =
    "write it as CSV, e.g. with to_csv of pandas, and give the CSV file to hourglass import";
constexpr const char* by_folder = "give the folder with the images to hourglass import";

struct Signature {
  std::size_t offset;
  std::string_view bytes;
  const char* name;
  const char* format;
  const char* advice;
};

constexpr std::array signatures = {
    Signature{0, "%%MatrixMarket"sv, "a Matrix Market file", "mtx",
              "make an HDF5 file of it: hourglass import {} --sparse --output OUT.h5:/train"},
    Signature{0, "\x93NUMPY"sv, "a NumPy array", "npy", by_import},
    Signature{0, "CDF\x01"sv, "a netCDF-3 file", "", by_nccopy},
    Signature{0, "CDF\x02"sv, "a netCDF-3 file", "", by_nccopy},
    Signature{0, "CDF\x05"sv, "a netCDF-3 file", "", by_nccopy},
    Signature{0, "\x1f\x8b"sv, gzip_kind, "", "unpack it: gunzip < {} > OUT"},
    Signature{0,
              "\xfd"
              "7zXZ\0"sv,
              "compressed with xz", "", "unpack it: xz -d < {} > OUT"},
    Signature{0, "BZh"sv, "compressed with bzip2", "", "unpack it: bzip2 -d < {} > OUT"},
    Signature{0, "\x28\xb5\x2f\xfd"sv, "compressed with zstd", "", "unpack it: zstd -d < {} > OUT"},
    Signature{0, "\x89PNG\r\n\x1a\n"sv, "a PNG image", "", by_folder},
    Signature{0, "\xff\xd8\xff"sv, "a JPEG image", "", by_folder},
    Signature{0, "P5"sv, "a PGM image", "", by_folder},
    Signature{0, "P6"sv, "a PPM image", "", by_folder},
    Signature{0, "MATLAB 5.0 MAT-file"sv, "a MATLAB file older than version 7.3", "",
              "write it again in MATLAB, with save -v7.3, or load it in Python with "
              "scipy.io.loadmat, save numpy.ascontiguousarray(array) with numpy.save, and give the "
              ".npy file to hourglass import"},
    Signature{0, "PAR1"sv, "a Parquet table", "", by_csv},
    Signature{0, "ARROW1"sv, "an Arrow (Feather) table", "", by_csv},
    Signature{0, "SQLite format 3"sv, "an SQLite database", "", by_csv},
    Signature{0, "SIMPLE  ="sv, "a FITS file", "", by_numpy},
    Signature{0, "GRIB"sv, "a GRIB file", "", by_numpy},
    Signature{0, "\x0e\x03\x13\x01"sv, "an HDF4 file", "", by_numpy},
    Signature{0, "II*\0"sv, "a TIFF image", "", by_numpy},
    Signature{0, "MM\0*"sv, "a TIFF image", "", by_numpy},
    Signature{0, "root"sv, "a ROOT file", "", by_numpy},
    Signature{0, "RDX"sv, "a file of R", "", by_csv},
    Signature{128, "DICM"sv, "a DICOM image", "", by_numpy},
    Signature{344, "n+1\0"sv, "a NIfTI image", "", by_numpy},
    Signature{257, "ustar"sv, "a tar archive", "", "unpack it: tar -xf {}"},
    Signature{0, "%PDF"sv, "a PDF document", "", ""},
};

bool has(std::string_view start, const Signature& signature) {
  return start.size() > signature.offset &&
         start.substr(signature.offset).starts_with(signature.bytes);
}

// A member's name tells what an archive is for: it stands 30 bytes behind the first mark.
FileKind zip_kind(std::string_view start) {
  constexpr std::size_t length_at = 26;
  constexpr std::size_t name_at = 30;
  std::string_view member;
  if (start.size() > name_at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(start[i]); };
    member = start.substr(name_at, byte(length_at) + 256U * byte(length_at + 1));
  }
  if (member.ends_with(".npy")) {
    return {"an archive of NumPy arrays", "npz",
            "make an HDF5 file of one: hourglass import {}:NAME --output OUT.h5:/train"};
  }
  if (member.ends_with("data.pkl")) return {"a file of PyTorch", "", by_numpy};
  if (member.starts_with("[Content_Types]") || member.starts_with("xl/"))
    return {"a workbook or document of Office", "", by_csv};
  return {"a ZIP archive", "", "unpack it: unzip {}"};
}

// Two zero bytes, a type and a number of dimensions.
bool is_idx(std::string_view start) {
  constexpr std::string_view types = "\x08\x09\x0b\x0c\x0d\x0e";
  return start.size() >= 4 && start[0] == 0 && start[1] == 0 &&
         types.find(start[2]) != std::string_view::npos && start[3] >= 1 && start[3] <= 32;
}

// The length of a header below 100 MB, and the header's beginning.
bool is_safetensors(std::string_view start) {
  constexpr std::size_t begin = 8;
  return start.size() > begin + 1 && start.substr(4, 4) == "\0\0\0\0"sv && start[begin] == '{' &&
         (start[begin + 1] == '"' || start[begin + 1] == ' ' || start[begin + 1] == '}');
}

// Pickles of protocol 2 and later begin with their protocol and a frame or a first object.
bool is_pickle(std::string_view start) {
  return start.size() >= 3 && start[0] == '\x80' && start[1] >= 2 && start[1] <= 5 &&
         (start[1] < 4 || start[2] == '\x95');
}

bool is_text(std::string_view start) {
  return !start.empty() && std::ranges::all_of(start, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= ' ' ? byte != 0x7f : c == '\n' || c == '\r' || c == '\t';
  });
}

FileKind recognize(const std::string& path) {
  // First: MATLAB's files of version 7.3 begin with its own text.
  if (hdf5_superblock(path) >= 0) return {"an HDF5 file", "hdf5", ""};
  const std::vector<std::byte> bytes = ByteFile(path).read_some(0, looked_at);
  const std::string_view start(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (start.starts_with("PK\x03\x04")) return zip_kind(start);
  const auto* known =
      std::ranges::find_if(signatures, [&](const Signature& s) { return has(start, s); });
  if (known != signatures.end()) return {known->name, known->format, known->advice};
  if (is_idx(start)) return {"an IDX file", "idx", by_import};
  if (is_safetensors(start)) {
    return {"a safetensors file", "safetensors",
            "make an HDF5 file of a tensor: hourglass import {}:NAME --output OUT.h5:/train"};
  }
  if (is_pickle(start)) return {"a Python pickle", "", by_numpy};
  if (is_text(start)) return {"text", "csv", by_csv_import};
  return {};
}

}  // namespace

Index hdf5_superblock(const std::string& path) {
  const ByteFile file(path);
  for (Index place = 0; place + static_cast<Index>(hdf5_signature.size()) <= file.size();
       place = place == 0 ? 512 : 2 * place) {
    const auto bytes = file.read_some(place, static_cast<Index>(hdf5_signature.size()));
    if (std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()) ==
        hdf5_signature) {
      return place;
    }
  }
  return -1;
}

FileKind file_kind(const std::string& path) {
  FileKind kind = recognize(path);
  const std::size_t place = kind.advice.find("{}");
  if (place != std::string::npos) kind.advice.replace(place, 2, path);
  return kind;
}

}  // namespace hourglass
