#include "nodes/weights/safetensors_header.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

namespace heddle::weights {
namespace {

using nlohmann::json;

constexpr uint64_t kLengthBytes = 8;
constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the limit of the reference implementation
constexpr size_t kMaxJsonDepth = 8;                    // tensors need 3; metadata should be flat
constexpr size_t kMaxDims = 16;
constexpr size_t kMaxValues = 1'000'000;  // of one entry, which is held in memory as a tree
constexpr uint64_t kMaxBytes = std::numeric_limits<int64_t>::max();

struct Dtype {
  std::string_view name;
  c10::ScalarType type;
  uint64_t size;
};
constexpr Dtype kDtypes[] = {
    {"F16", c10::ScalarType::Half, 2},
    {"F32", c10::ScalarType::Float, 4},
    {"BF16", c10::ScalarType::BFloat16, 2},
    {"F64", c10::ScalarType::Double, 8},
    {"F8_E4M3", c10::ScalarType::Float8_e4m3fn, 1},
    {"F8_E5M2", c10::ScalarType::Float8_e5m2, 1},
    {"I64", c10::ScalarType::Long, 8},
    {"I32", c10::ScalarType::Int, 4},
    {"I16", c10::ScalarType::Short, 2},
    {"I8", c10::ScalarType::Char, 1},
    {"U64", c10::ScalarType::UInt64, 8},
    {"U32", c10::ScalarType::UInt32, 4},
    {"U16", c10::ScalarType::UInt16, 2},
    {"U8", c10::ScalarType::Byte, 1},
    {"BOOL", c10::ScalarType::Bool, 1},
    {"C64", c10::ScalarType::ComplexFloat, 8},
};

// What people have in a models folder that is no safetensors file.
struct OtherFormat {
  std::string_view begins;
  const char* what;
};
constexpr OtherFormat kOtherFormats[] = {
    {"version https://git-lfs",
     "a git-lfs pointer, not the file itself; fetch it with `git lfs pull`"},
    {"<", "a web page, not a model: the download went wrong, fetch it again"},
    {"GGUF", "a GGUF file, a format that is not supported"},
    {"{", "a JSON file"},
    {"\x89PNG", "a PNG picture"},
};

uint64_t little_endian(std::string_view bytes) {
  uint64_t value = 0;
  for (int i = 7; i >= 0; --i) value = value << 8 | uint8_t(bytes[size_t(i)]);
  return value;
}

[[noreturn]] void reject(std::string_view bytes, const std::string& file_name,
                         const std::string& problem) {
  const size_t text = std::min(bytes.find_first_not_of(" \t\r\n"), bytes.size());
  for (const OtherFormat& format : kOtherFormats) {
    if (bytes.substr(text).starts_with(format.begins)) {
      throw FileError(file_name + ": this is no safetensors file but " + format.what);
    }
  }
  throw FileError(file_name + ": " + problem);
}

std::string_view header_text(std::string_view bytes, uint64_t file_size,
                             const std::string& file_name) {
  if (bytes.size() < kLengthBytes) {
    reject(bytes, file_name,
           "not a safetensors file: it has " + std::to_string(bytes.size()) +
               " bytes and the length of the header alone takes 8");
  }
  const uint64_t length = little_endian(bytes);
  if (length > kMaxHeaderBytes) {
    reject(bytes, file_name,
           "not a safetensors file, or a damaged one: the header would have " +
               std::to_string(length) + " bytes, at most 100000000 are allowed");
  }
  if (length > bytes.size() - kLengthBytes) {
    reject(bytes, file_name,
           "file ends at byte " + std::to_string(file_size) + ", its header needs byte " +
               std::to_string(length + kLengthBytes) +
               ": the download is incomplete, fetch it again");
  }
  const std::string_view text = bytes.substr(kLengthBytes, length);
  if (!text.starts_with('{')) {
    reject(bytes, file_name,
           "not a safetensors file, or a damaged one: the header does not begin with {");
  }
  return text;
}

// One entry of the header ("name": {...}), checked. `data` is where the tensors begin in the file.
class EntryReader {
 public:
  EntryReader(const std::string& file_name, const std::string& tensor, uint64_t data)
      : about_(file_name + ": tensor " + in_quotes(tensor) + ": "), data_(data) {}

  TensorInfo read(const json& entry) const {
    if (!entry.is_object()) fail("an object with dtype, shape and data_offsets was expected");
    const Dtype& dtype = read_dtype(entry);
    TensorInfo info{dtype.type, {}, 0, 0};
    const uint64_t bytes = read_shape(entry, dtype, info.shape);
    const auto [begin, end] = read_offsets(entry);
    if (end - begin != bytes) {
      fail(std::string(dtype.name) + " " + shape_text(info.shape) + " takes " +
           std::to_string(bytes) + " bytes, but data_offsets give it " +
           std::to_string(end - begin));
    }
    info.begin = size_t(data_ + begin);
    info.end = size_t(data_ + end);
    return info;
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const { throw FileError(about_ + problem); }

  const json& field(const json& entry, const char* name) const {
    const auto found = entry.find(name);
    if (found == entry.end()) fail(std::string(name) + " is missing");
    return *found;
  }

  const Dtype& read_dtype(const json& entry) const {
    const json& name = field(entry, "dtype");
    if (!name.is_string()) fail("dtype must be text");
    const auto& text = name.get_ref<const std::string&>();
    for (const Dtype& dtype : kDtypes) {
      if (dtype.name == text) return dtype;
    }
    fail("dtype " + in_quotes(text) + " is not supported");
  }

  std::vector<uint64_t> read_numbers(const json& entry, const char* name) const {
    const json& list = field(entry, name);
    std::vector<uint64_t> numbers;
    const std::string problem = std::string(name) + " must be a list of whole numbers from 0";
    if (!list.is_array() || list.size() > kMaxDims) fail(problem);
    for (const json& n : list) {
      if (!n.is_number_unsigned() || n.get<uint64_t>() > kMaxBytes) fail(problem);
      numbers.push_back(n.get<uint64_t>());
    }
    return numbers;
  }

  // Gives the size in bytes. Dimensions of 0 do not excuse the others: torch multiplies them in any
  // order.
  uint64_t read_shape(const json& entry, const Dtype& dtype, std::vector<int64_t>& shape) const {
    uint64_t bytes = dtype.size;
    bool empty = false;
    for (const uint64_t n : read_numbers(entry, "shape")) {
      shape.push_back(int64_t(n));
      empty = empty || n == 0;
      if (n == 0) continue;
      if (bytes > kMaxBytes / n)
        fail("shape " + in_quotes(entry["shape"].dump()) + " is too large");
      bytes *= n;
    }
    return empty ? 0 : bytes;
  }

  std::pair<uint64_t, uint64_t> read_offsets(const json& entry) const {
    const auto offsets = read_numbers(entry, "data_offsets");
    if (offsets.size() != 2) fail("data_offsets must be two numbers, begin and end");
    if (offsets[0] > offsets[1] || offsets[1] > kMaxBytes - data_) {
      fail("data_offsets " + shape_text(offsets) + " are not a range of bytes");
    }
    return {offsets[0], offsets[1]};
  }

  std::string about_;
  uint64_t data_;
};

// Takes the header apart as it is parsed and holds only one entry as a tree, of bounded depth:
// nlohmann's own tree of a hostile header would be deep or large, and would drop all but one of
// several equal names without a word.
class HeaderReader final : public nlohmann::json_sax<json> {
 public:
  HeaderReader(std::string file_name, uint64_t data)
      : file_name_(std::move(file_name)), data_(data) {}

  SafetensorsHeader take() { return std::move(header_); }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(int64_t value) override { return add(value); }
  bool number_unsigned(uint64_t value) override { return add(value); }
  bool number_float(double value, const std::string&) override { return add(value); }
  bool string(std::string& value) override { return add(std::move(value)); }
  bool binary(json::binary_t&) override { return false; }  // not in JSON text
  bool start_object(size_t) override { return open(json::object()); }
  bool start_array(size_t) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(std::string& name) override;
  bool parse_error(size_t position, const std::string&, const json::exception&) override {
    fail("the header is no valid JSON at byte " + std::to_string(kLengthBytes + position));
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const {
    throw FileError(file_name_ + ": damaged file: " + problem);
  }

  json& place(json value);
  bool add(json value);
  bool open(json container);
  bool close();
  void finish_entry();

  std::string file_name_;
  uint64_t data_;
  SafetensorsHeader header_;
  bool in_header_ = false, has_metadata_ = false;
  std::string entry_name_, key_;
  json entry_;
  std::vector<json*> containers_;  // open ones, from the entry inwards
  size_t values_ = 0;              // in the entry
};

bool HeaderReader::key(std::string& name) {
  if (containers_.empty()) {
    const bool known = name == "__metadata__" ? has_metadata_
                                              : header_.tensors.find(name) != header_.tensors.end();
    if (known) fail(in_quotes(name) + " is there twice");
    entry_name_ = std::move(name);
    values_ = 0;
    return true;
  }
  if (containers_.back()->contains(name)) {
    fail(in_quotes(entry_name_) + " has " + in_quotes(name) + " twice");
  }
  key_ = std::move(name);
  return true;
}

json& HeaderReader::place(json value) {
  if (++values_ > kMaxValues) fail(in_quotes(entry_name_) + " has more than a million values");
  if (containers_.empty()) return entry_ = std::move(value);
  json& parent = *containers_.back();
  if (parent.is_object()) return parent[key_] = std::move(value);
  parent.push_back(std::move(value));
  return parent.back();
}

bool HeaderReader::add(json value) {
  place(std::move(value));
  if (containers_.empty()) finish_entry();
  return true;
}

bool HeaderReader::open(json container) {
  if (!in_header_) return in_header_ = true;
  if (containers_.size() == kMaxJsonDepth) fail(in_quotes(entry_name_) + " is nested too deeply");
  json& opened = place(std::move(container));
  containers_.push_back(&opened);
  return true;
}

bool HeaderReader::close() {
  if (containers_.empty()) return true;  // the header itself
  containers_.pop_back();
  if (containers_.empty()) finish_entry();
  return true;
}

void HeaderReader::finish_entry() {
  if (entry_name_ != "__metadata__") {
    header_.tensors.emplace(entry_name_, EntryReader(file_name_, entry_name_, data_).read(entry_));
    return;
  }
  has_metadata_ = true;
  if (!entry_.is_object()) fail("__metadata__ is no object");
  for (const auto& [name, value] : entry_.items()) {
    header_.metadata.emplace(name, value.is_string() ? value.get<std::string>() : value.dump());
  }
}

void check_within_file(const SafetensorsHeader& header, uint64_t file_size,
                       const std::string& file_name) {
  const auto last =
      std::max_element(header.tensors.begin(), header.tensors.end(),
                       [](const auto& a, const auto& b) { return a.second.end < b.second.end; });
  if (last == header.tensors.end() || last->second.end <= file_size) return;
  throw FileError(file_name + ": file ends at byte " + std::to_string(file_size) + ", tensor " +
                  in_quotes(last->first) + " needs byte " + std::to_string(last->second.end) +
                  ": the download is incomplete, fetch it again");
}

void check_overlaps(const SafetensorsHeader& header, const std::string& file_name) {
  using Entry = std::pair<const std::string, TensorInfo>;
  std::vector<const Entry*> order;
  for (const Entry& entry : header.tensors) {
    if (entry.second.begin < entry.second.end) order.push_back(&entry);
  }
  std::sort(order.begin(), order.end(),
            [](const Entry* a, const Entry* b) { return a->second.begin < b->second.begin; });
  for (size_t i = 1; i < order.size(); ++i) {
    if (order[i]->second.begin >= order[i - 1]->second.end) continue;
    throw FileError(file_name + ": damaged file: tensors " + in_quotes(order[i - 1]->first) +
                    " and " + in_quotes(order[i]->first) + " overlap at byte " +
                    std::to_string(order[i]->second.begin));
  }
}

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view first_bytes, uint64_t file_size,
                                           const std::string& file_name) {
  const std::string_view text = header_text(first_bytes, file_size, file_name);
  HeaderReader reader(file_name, kLengthBytes + text.size());
  json::sax_parse(text.begin(), text.end(), &reader);
  SafetensorsHeader header = reader.take();
  check_within_file(header, file_size, file_name);
  check_overlaps(header, file_name);
  return header;
}

std::string_view dtype_name(c10::ScalarType type) {
  for (const Dtype& dtype : kDtypes) {
    if (dtype.type == type) return dtype.name;
  }
  return {};
}

uint64_t dtype_bytes(c10::ScalarType type) {
  for (const Dtype& dtype : kDtypes) {
    if (dtype.type == type) return dtype.size;
  }
  return 0;
}

}  // namespace heddle::weights
