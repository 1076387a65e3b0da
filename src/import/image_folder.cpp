#include "import/image_folder.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "formats/image.hpp"
#include "hourglass/core/error.hpp"
#include "system/byte_file.hpp"

namespace hourglass {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void refuse(const std::string& name, const std::string& reason) {
  throw Error(ErrorKind::data, name + ": " + reason);
}

struct Entries {
  std::vector<std::string> files;
  std::vector<std::string> folders;
};

Entries list(const std::string& path) {
  Entries entries;
  std::error_code error;
  for (fs::directory_iterator entry(path, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with('.')) continue;
    std::error_code ignored;
    (entry->is_directory(ignored) ? entries.folders : entries.files).push_back(name);
  }
  if (error) throw Error(ErrorKind::io, path + ": cannot be read: " + error.message());
  std::ranges::sort(entries.files);
  std::ranges::sort(entries.folders);
  return entries;
}

void require_images(const std::string& folder, const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    if (!is_image_name(file))
      refuse(folder + "/" + file, "is not a PNG, JPEG or PGM image; move it out of the folder");
  }
}

/// Shared by both readers: every file and its class.
struct Listing {
  std::string path;
  std::vector<std::string> files;
  std::vector<std::size_t> labels;
  std::vector<std::string> classes;
};

Listing list_images(const std::string& path) {
  Listing listing{path, {}, {}, {}};
  const Entries top = list(path);
  if (top.folders.empty()) {
    require_images(path, top.files);
    for (const std::string& file : top.files) listing.files.push_back(path + "/" + file);
    if (listing.files.empty()) refuse(path, "holds no images");
    return listing;
  }
  if (!top.files.empty())
    refuse(path + "/" + top.files.front(),
           "stands beside class folders; it belongs into one of them, or elsewhere");
  for (const std::string& name : top.folders) {
    const std::string folder = path + "/" + name;
    const Entries entries = list(folder);
    if (!entries.folders.empty())
      refuse(folder + "/" + entries.folders.front(),
             "is a folder inside a class folder: classes have no folders");
    require_images(folder, entries.files);
    if (entries.files.empty()) refuse(folder, "is a class folder without images");
    for (const std::string& file : entries.files) {
      listing.files.push_back(folder + "/" + file);
      listing.labels.push_back(listing.classes.size());
    }
    listing.classes.push_back(name);
  }
  return listing;
}

class ImageRows final : public RowReader {
 public:
  ImageRows(std::shared_ptr<const Listing> listing, const ImageSettings& settings)
      : listing_(std::move(listing)), settings_(settings) {
    const DecodedImage first = load(0);
    type_ = first.depth == 8 ? ElementType::u8 : ElementType::u16;
    shape_ = {static_cast<Index>(listing_->files.size()), first.height, first.width};
    if (first.channels > 1) shape_.push_back(first.channels);
  }

  [[nodiscard]] const std::string& path() const override { return listing_->path; }
  [[nodiscard]] ElementType type() const override { return type_; }
  [[nodiscard]] const std::vector<Index>& shape() const override { return shape_; }
  [[nodiscard]] std::vector<std::string> files() const override { return listing_->files; }

  void read_rows(Range rows, std::span<std::byte> bytes) override {
    for (Index row = rows.begin; row < rows.end; ++row) {
      const DecodedImage image = load(static_cast<std::size_t>(row));
      check_like_first(image, listing_->files[static_cast<std::size_t>(row)]);
      std::memcpy(bytes.data() + (row - rows.begin) * row_bytes(), image.values.data(),
                  image.values.size());
    }
  }

 private:
  [[nodiscard]] DecodedImage load(std::size_t number) const {
    const std::string& name = listing_->files[number];
    const ByteFile file(name);
    if (file.size() > largest_image) refuse(name, "has more than 256 MiB: is it an image?");
    try {
      DecodedImage image = decode_image(file.read_some(0, file.size()));
      if (settings_.grey) image = to_grey(image);
      if (settings_.size) image = resized(image, settings_.size->first, settings_.size->second);
      return image;
    } catch (const Error& error) {
      throw Error(error.kind(), name + ": " + error.what());
    }
  }

  void check_like_first(const DecodedImage& image, const std::string& name) const {
    const Index channels = shape_.size() > 3 ? shape_[3] : 1;
    const std::string& first = listing_->files.front();
    if (image.height != shape_[1] || image.width != shape_[2]) {
      refuse(name, "is " + std::to_string(image.height) + " x " + std::to_string(image.width) +
                       " pixels, but " + first + " is " + std::to_string(shape_[1]) + " x " +
                       std::to_string(shape_[2]) + "; --resize HxW makes them one size");
    }
    if (image.channels != channels) {
      refuse(name, std::string(image.channels == 1 ? "is grey, but " : "is in colour, but ") +
                       first + (channels == 1 ? " is grey" : " is in colour") +
                       "; --grey makes all of them grey");
    }
    if ((image.depth == 8) != (type_ == ElementType::u8)) {
      refuse(name, "has " + std::to_string(image.depth) + " bits a value, but " + first +
                       " has not; convert them to one depth");
    }
  }

  std::shared_ptr<const Listing> listing_;
  ImageSettings settings_;
  ElementType type_ = ElementType::u8;
  std::vector<Index> shape_;
};

class ClassRows final : public RowReader {
 public:
  explicit ClassRows(std::shared_ptr<const Listing> listing)
      : listing_(std::move(listing)), shape_{static_cast<Index>(listing_->labels.size())} {}

  [[nodiscard]] const std::string& path() const override { return listing_->path; }
  [[nodiscard]] ElementType type() const override { return ElementType::i64; }
  [[nodiscard]] const std::vector<Index>& shape() const override { return shape_; }
  [[nodiscard]] const std::vector<std::string>& classes() const override {
    return listing_->classes;
  }

  void read_rows(Range rows, std::span<std::byte> bytes) override {
    for (Index row = rows.begin; row < rows.end; ++row) {
      const auto label = static_cast<std::int64_t>(listing_->labels[static_cast<std::size_t>(row)]);
      std::memcpy(bytes.data() + (row - rows.begin) * static_cast<Index>(sizeof(label)), &label,
                  sizeof(label));
    }
  }

 private:
  std::shared_ptr<const Listing> listing_;
  std::vector<Index> shape_;
};

}  // namespace

ImageFolder open_image_folder(const std::string& path, const ImageSettings& settings) {
  const auto listing = std::make_shared<const Listing>(list_images(path));
  ImageFolder folder;
  folder.samples = std::make_unique<ImageRows>(listing, settings);
  if (!listing->classes.empty()) folder.labels = std::make_unique<ClassRows>(listing);
  return folder;
}

}  // namespace hourglass
