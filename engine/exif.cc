#include "engine/exif.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>

#include "engine/image_formats.h"
#include "engine/text_encoding.h"

namespace heddle {
namespace {

using namespace std::string_view_literals;

enum Tag : uint16_t {
  kWorkflowTag = 0x010F,
  kPromptTag = 0x0110,
  kOrientationTag = 0x0112,
  kExifFolderTag = 0x8769,
  kUserCommentTag = 0x9286,
};

enum Type : uint16_t { kByte = 1, kAscii = 2, kShort = 3, kLong = 4, kUndefined = 7, kUtf8 = 129 };

constexpr std::string_view kAsciiCode = "ASCII\0\0\0"sv, kUnicodeCode = "UNICODE\0"sv;
constexpr std::string_view kNoCode = "\0\0\0\0\0\0\0\0"sv;
constexpr size_t kEntryBytes = 12;

size_t bytes_of(uint16_t type) {
  if (type == kShort) return 2;
  if (type == kLong) return 4;
  return type == kByte || type == kAscii || type == kUndefined || type == kUtf8 ? 1 : 0;
}

struct TiffField {
  uint16_t tag, type;
  std::string_view value;  // as it stands in the block
};

// A TIFF structure: numbers in one of two byte orders, found by offsets from its start.
class Tiff {
 public:
  static std::optional<Tiff> open(std::string_view bytes) {
    if (bytes.size() < 8) return std::nullopt;
    if (bytes.starts_with("II*\0"sv)) return Tiff(bytes, ByteOrder::kLittle);
    if (bytes.starts_with("MM\0*"sv)) return Tiff(bytes, ByteOrder::kBig);
    return std::nullopt;
  }

  ByteOrder order() const { return order_; }

  uint32_t number(std::string_view value) const {
    uint32_t number = 0;
    for (size_t i = 0; i < value.size(); ++i) {
      const size_t at = order_ == ByteOrder::kBig ? i : value.size() - 1 - i;
      number = number << 8 | static_cast<unsigned char>(value[at]);
    }
    return number;
  }

  std::vector<TiffField> first_folder() const { return folder(number(bytes_.substr(4, 4))); }

  // The entries that lie inside the block, one a tag, tags downwards.
  std::vector<TiffField> folder(uint64_t at) const {
    std::vector<TiffField> entries;
    if (at + 2 > bytes_.size()) return entries;
    const uint32_t count = number(bytes_.substr(at, 2));
    at += 2;
    for (uint32_t i = 0; i < count && at + kEntryBytes <= bytes_.size(); ++i, at += kEntryBytes) {
      if (const auto entry = entry_at(at)) entries.push_back(*entry);
    }
    std::stable_sort(entries.begin(), entries.end(),
                     [](const TiffField& a, const TiffField& b) { return a.tag > b.tag; });
    const auto same = [](const TiffField& a, const TiffField& b) { return a.tag == b.tag; };
    entries.erase(std::unique(entries.begin(), entries.end(), same), entries.end());
    return entries;
  }

 private:
  Tiff(std::string_view bytes, ByteOrder order) : bytes_(bytes), order_(order) {}

  std::optional<TiffField> entry_at(uint64_t at) const {
    const auto tag = static_cast<uint16_t>(number(bytes_.substr(at, 2)));
    const auto type = static_cast<uint16_t>(number(bytes_.substr(at + 2, 2)));
    const uint64_t size = uint64_t{number(bytes_.substr(at + 4, 4))} * bytes_of(type);
    if (size == 0) return std::nullopt;
    const uint64_t where = size <= 4 ? at + 8 : number(bytes_.substr(at + 8, 4));
    if (where > bytes_.size() || size > bytes_.size() - where) return std::nullopt;
    return TiffField{tag, type, bytes_.substr(where, size)};
  }

  std::string_view bytes_;
  ByteOrder order_;
};

std::optional<uint32_t> number_in(const std::vector<TiffField>& entries, Tag tag, const Tiff& tiff) {
  for (const TiffField& entry : entries) {
    if (entry.tag == tag && entry.value.size() == bytes_of(entry.type)) {
      return tiff.number(entry.value);
    }
  }
  return std::nullopt;
}

// Writers end a value with one NUL, or fill it up with them; a NUL before that is damage.
std::optional<std::string> plain_text(std::string_view value) {
  while (value.ends_with('\0')) value.remove_suffix(1);
  if (value.find('\0') != value.npos) return std::nullopt;
  return utf8_or_latin1(value);
}

void add_keyed_text(const TiffField& entry, ImageTexts& texts) {
  const auto text = plain_text(entry.value);
  const size_t colon = text ? text->find(':') : std::string::npos;
  if (colon == std::string::npos || !is_keyword(text->substr(0, colon))) return;
  std::string key = text->substr(0, colon), lower = key;
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  size_t start = colon + 1;
  if (lower == "prompt" || lower == "workflow") {
    key = lower;
    start = std::min(text->find_first_not_of(' ', start), text->size());
  }
  texts.emplace_back(std::move(key), text->substr(start));
}

size_t ascii_units(std::string_view bytes, ByteOrder order) {
  size_t units = 0;
  for (size_t at = 0; at + 1 < bytes.size(); at += 2) {
    const char high = bytes[order == ByteOrder::kBig ? at : at + 1];
    const char low = bytes[order == ByteOrder::kBig ? at + 1 : at];
    units += high == 0 && low >= '\t' && low <= '~';
  }
  return units;
}

// The standard says UTF-16 in the block's own order, but tools write either in either. Parameters
// hold "Steps: 20", so the order that gives more ASCII is right.
std::optional<std::string> unicode_text(std::string_view bytes, ByteOrder order) {
  if (bytes.starts_with("\xFE\xFF")) return utf8_from_utf16(bytes.substr(2), ByteOrder::kBig);
  if (bytes.starts_with("\xFF\xFE")) return utf8_from_utf16(bytes.substr(2), ByteOrder::kLittle);
  const size_t little = ascii_units(bytes, ByteOrder::kLittle);
  const size_t big = ascii_units(bytes, ByteOrder::kBig);
  if (little > big) order = ByteOrder::kLittle;
  if (big > little) order = ByteOrder::kBig;
  return utf8_from_utf16(bytes, order);
}

std::optional<std::string> user_comment(std::string_view value, ByteOrder order) {
  const std::string_view code = value.substr(0, 8), rest = value.substr(code.size());
  if (code == kAsciiCode || code == kNoCode) return plain_text(rest);
  if (code != kUnicodeCode) return std::nullopt;
  const auto text = unicode_text(rest, order);
  return text ? plain_text(*text) : std::nullopt;
}

void add_user_comment(const std::vector<TiffField>& entries, const Tiff& tiff, ImageTexts& texts) {
  for (const TiffField& entry : entries) {
    if (entry.tag != kUserCommentTag) continue;
    if (auto text = user_comment(entry.value, tiff.order())) {
      texts.emplace_back("parameters", std::move(*text));
    }
  }
}

// ---- writing: big-endian, as the readers of UserComment that do not look at the order expect ----

std::string big_endian(uint32_t number, size_t bytes) {
  std::string result;
  while (bytes-- > 0) result += static_cast<char>(number >> (8 * bytes) & 0xFF);
  return result;
}

struct Field {
  Type type;
  std::string value;
};
using Fields = std::map<uint16_t, Field>;

// A TIFF folder that is to stand at offset `at`, with the values behind it.
std::string make_folder(const Fields& fields, size_t at) {
  std::string entries = big_endian(static_cast<uint32_t>(fields.size()), 2), values;
  const size_t values_at = at + 2 + fields.size() * kEntryBytes + 4;
  for (const auto& [tag, field] : fields) {
    const auto count = static_cast<uint32_t>(field.value.size() / bytes_of(field.type));
    entries += big_endian(tag, 2) + big_endian(field.type, 2) + big_endian(count, 4);
    std::string value = field.value;
    value.resize(std::max<size_t>(4, (value.size() + 1) / 2 * 2), '\0');  // offsets are even
    entries +=
        value.size() == 4 ? value : big_endian(static_cast<uint32_t>(values_at + values.size()), 4);
    if (value.size() > 4) values += value;
  }
  return entries + big_endian(0, 4) + values;  // there is no next folder
}

std::string make_user_comment(const std::string& text) {
  if (is_ascii(text)) return std::string(kAsciiCode) + text;
  const std::string units = utf16_from_utf8(text);
  std::string comment = std::string(kUnicodeCode) + units;
  // Ideographs whose bytes are ASCII the other way round: only a byte order mark tells.
  if (user_comment(comment, ByteOrder::kBig) != text)
    comment.insert(kUnicodeCode.size(), "\xFE\xFF");
  return comment;
}

// The place of a text that may be taken already, or 0 for those that only have the tags below.
uint16_t own_tag(const std::string& keyword) {
  if (keyword == "prompt") return kPromptTag;
  if (keyword == "workflow") return kWorkflowTag;
  return keyword == "parameters" ? kUserCommentTag : 0;
}

void add_text(const std::string& keyword, const std::string& text, Fields& first, Fields& second) {
  if (keyword.find(':') != keyword.npos) {
    throw ImageError("the keyword \"" + keyword +
                     "\" has a colon, which EXIF cannot hold: save as PNG");
  }
  uint16_t tag = own_tag(keyword);
  if (tag == kUserCommentTag && second.empty()) {
    second[tag] = {kUndefined, make_user_comment(text)};
    return;
  }
  if (tag == 0 || tag == kUserCommentTag || first.contains(tag)) {
    tag = kWorkflowTag - 1;
    while (tag > 0 && first.contains(tag)) --tag;
    if (tag == 0) throw ImageError("more texts than EXIF has room for: save as PNG");
  }
  first[tag] = {kAscii, keyword + ":" + text + '\0'};
}

}  // namespace

Exif parse_exif(std::string_view block) {
  Exif exif;
  if (block.starts_with(kExifPrefix)) block.remove_prefix(kExifPrefix.size());
  const auto tiff = Tiff::open(block);
  if (!tiff) return exif;
  const std::vector<TiffField> entries = tiff->first_folder();
  const uint32_t orientation = number_in(entries, kOrientationTag, *tiff).value_or(1);
  if (orientation >= 1 && orientation <= 8) exif.orientation = static_cast<int>(orientation);

  size_t left = block.size();  // entries that overlap must not multiply what a file holds
  for (const TiffField& entry : entries) {
    if (entry.tag > kPromptTag || bytes_of(entry.type) != 1 || entry.value.size() > left) continue;
    left -= entry.value.size();
    add_keyed_text(entry, exif.texts);
  }
  add_user_comment(entries, *tiff, exif.texts);  // where it does not belong, but is found
  if (const auto at = number_in(entries, kExifFolderTag, *tiff)) {
    add_user_comment(tiff->folder(*at), *tiff, exif.texts);
  }
  return exif;
}

std::string make_exif(const ImageTexts& texts) {
  uint64_t size = 0;
  for (const auto& [keyword, text] : texts) size += keyword.size() + 2 * uint64_t{text.size()};
  if (size > INT32_MAX) throw ImageError("more than 1 GiB of texts: EXIF cannot hold them");

  constexpr size_t kHeaderBytes = 8;
  Fields first, second;
  for (const auto& [keyword, text] : texts) add_text(keyword, text, first, second);
  const std::string header = std::string("MM\0*"sv) + big_endian(kHeaderBytes, 4);
  if (second.empty()) return header + make_folder(first, kHeaderBytes);

  first[kExifFolderTag] = {kLong, big_endian(0, 4)};
  const size_t second_at = kHeaderBytes + make_folder(first, kHeaderBytes).size();
  first[kExifFolderTag].value = big_endian(static_cast<uint32_t>(second_at), 4);
  return header + make_folder(first, kHeaderBytes) + make_folder(second, second_at);
}

}  // namespace heddle
