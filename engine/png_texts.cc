// Texts in PNG files (PNG specification, third edition, section 11.3.3) and the EXIF chunk
// (11.3.3.6).
#include <zlib.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "engine/image_formats.h"
#include "engine/png_chunks.h"
#include "engine/text_encoding.h"

namespace heddle {
namespace {

using namespace std::string_view_literals;

// Takes what stands before the next NUL, and the NUL; nothing if there is none.
std::optional<std::string_view> take_field(std::string_view& data) {
  const size_t end = data.find('\0');
  if (end == data.npos) return std::nullopt;
  const std::string_view field = data.substr(0, end);
  data.remove_prefix(end + 1);
  return field;
}

// Inflates one zlib stream, up to `budget` bytes, and takes from the budget what it made, whether
// or not it was of use.
std::optional<std::string> inflate_text(std::string_view data, uint64_t& budget) {
  z_stream stream{};
  if (data.size() > UINT32_MAX || inflateInit(&stream) != Z_OK) return std::nullopt;
  const std::unique_ptr<z_stream, int (*)(z_stream*)> closer(&stream, inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  std::string text;
  int status = Z_OK;
  while (status == Z_OK) {
    if (text.size() >= budget) break;
    const size_t piece = std::min<uint64_t>(size_t{64} << 10, budget - text.size());
    text.resize(text.size() + piece);
    stream.next_out = reinterpret_cast<Bytef*>(text.data() + text.size() - piece);
    stream.avail_out = static_cast<uInt>(piece);
    status = inflate(&stream, Z_NO_FLUSH);
    text.resize(text.size() - stream.avail_out);
  }
  budget -= text.size();
  if (status != Z_STREAM_END) return std::nullopt;
  return text;
}

// zTXt after its keyword: a method, of which there is one, and the stream.
std::optional<std::string> compressed_text(std::string_view data, uint64_t& budget) {
  if (!data.starts_with('\0')) return std::nullopt;
  return inflate_text(data.substr(1), budget);
}

// iTXt after its keyword: a flag, a method, a language, a translated keyword, the text.
std::optional<std::string> international_text(std::string_view data, uint64_t& budget) {
  if (data.size() < 2 || data[0] < 0 || data[0] > 1) return std::nullopt;
  const bool compressed = data[0] == 1;
  const std::string_view method = data.substr(1, 1);
  data.remove_prefix(2);
  if (!take_field(data) || !take_field(data)) return std::nullopt;
  if (!compressed) return std::string(data);
  return method == "\0"sv ? inflate_text(data, budget) : std::nullopt;
}

std::optional<std::string> text_of(std::string_view type, std::string_view data, uint64_t& budget) {
  if (type == "zTXt") return compressed_text(data, budget);
  if (type == "iTXt") return international_text(data, budget);
  return std::string(data);
}

}  // namespace

ImageTexts png_texts(std::string_view bytes) {
  ImageTexts texts;
  uint64_t budget = kMaxInflatedText;
  PngChunks chunks(bytes);
  while (const auto chunk = chunks.next()) {
    const bool holds_text = chunk->type == "tEXt" || chunk->type == "zTXt" ||
                            chunk->type == "iTXt" || chunk->type == "comf";
    if (!holds_text || !chunk->intact()) continue;
    std::string_view data = chunk->data;
    const auto keyword = take_field(data);
    if (!keyword || !is_keyword(*keyword)) continue;
    const auto text = text_of(chunk->type, data, budget);
    if (text && text->find('\0') == text->npos) texts.emplace_back(*keyword, utf8_or_latin1(*text));
  }
  return texts;
}

std::string_view png_exif(std::string_view bytes) {
  PngChunks chunks(bytes);
  while (const auto chunk = chunks.next()) {
    if (chunk->type == "eXIf" && chunk->intact()) return chunk->data;
  }
  return {};
}

PngTextChunk make_png_text(const std::string& keyword, const std::string& text) {
  // Latin-1 in tEXt would be legal too, but readers that guess at UTF-8 can take it for something
  // else.
  if (is_ascii(text)) return {"tEXt", keyword + '\0' + text};
  return {"iTXt", keyword + std::string("\0\0\0\0\0"sv) + text};
}

}  // namespace heddle
