#include "engine/entry_file.h"

#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <istream>
#include <ostream>
#include <streambuf>
#include <system_error>

namespace heddle {
namespace {

static_assert(std::endian::native == std::endian::little, "entries are written as they lie");

constexpr std::string_view kMagic{"heddleR\x02", 8};
constexpr size_t kChecksumBytes = sizeof(XXH128_canonical_t);
constexpr size_t kTrailerBytes = sizeof(uint64_t) + kChecksumBytes;
constexpr size_t kBufferBytes = size_t{64} << 10;

struct FreeHash {
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};

[[noreturn]] void throw_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

std::array<char, kChecksumBytes> canonical(XXH128_hash_t hash) {
  XXH128_canonical_t bytes;
  XXH128_canonicalFromHash(&bytes, hash);
  return std::bit_cast<std::array<char, kChecksumBytes>>(bytes);
}

// Sends what a stream writes to a file and into the checksum. Throws, because a stream does not say
// what went wrong.
class EntryBuffer final : public std::streambuf {
 public:
  EntryBuffer(int file, uint64_t max_bytes) : file_(file), max_bytes_(max_bytes) {
    XXH3_128bits_reset(hash_.get());
    setp(buffer_.data(), buffer_.data() + buffer_.size());
  }

  void write(std::string_view bytes) { xsputn(bytes.data(), std::streamsize(bytes.size())); }

  uint64_t size() const { return sent_ + uint64_t(pptr() - pbase()); }

  std::array<char, kChecksumBytes> checksum() {
    flush();
    return canonical(XXH3_128bits_digest(hash_.get()));
  }

  void flush() {
    send(pbase(), size_t(pptr() - pbase()));
    setp(buffer_.data(), buffer_.data() + buffer_.size());
  }

 protected:
  int_type overflow(int_type c) override {
    flush();
    if (!traits_type::eq_int_type(c, traits_type::eof())) sputc(traits_type::to_char_type(c));
    return traits_type::not_eof(c);
  }

  std::streamsize xsputn(const char* data, std::streamsize size) override {
    if (size < epptr() - pptr()) {
      std::memcpy(pptr(), data, size_t(size));
      pbump(int(size));
    } else {
      flush();
      send(data, size_t(size));
    }
    return size;
  }

 private:
  void send(const char* data, size_t size) {
    if (size > max_bytes_ - sent_) {
      throw EntryTooLarge("a result of more than " + std::to_string(max_bytes_) + " bytes");
    }
    XXH3_128bits_update(hash_.get(), data, size);
    sent_ += size;
    while (size > 0) {
      const ssize_t written = ::write(file_, data, size);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) throw_errno("writing an entry");
      data += written;
      size -= size_t(written);
    }
  }

  const int file_;
  const uint64_t max_bytes_;
  uint64_t sent_ = 0;
  std::unique_ptr<XXH3_state_t, FreeHash> hash_{XXH3_createState()};
  std::vector<char> buffer_ = std::vector<char>(kBufferBytes);
};

// Returns the number of bytes. A stream of its own: formatting that one value sets must not show in
// the next.
uint64_t write_value(const Value& value, EntryBuffer& buffer) {
  const uint64_t start = buffer.size();
  std::ostream out(&buffer);
  out.exceptions(std::ios::badbit);  // lets what the buffer throws through
  value.write(out);
  if (!out) throw std::runtime_error("a " + std::string(value.type()) + " failed to write itself");
  return buffer.size() - start;
}

template <typename T>
void append(std::string& text, const T& number) {
  text.append(reinterpret_cast<const char*>(&number), sizeof number);
}

struct Bytes {
  std::unique_ptr<char[]> data;
  size_t size;
  std::string_view view() const { return {data.get(), size}; }
};

// All of it, not a mapping: what was checked is what is parsed, and a bad sector is an error
// instead of a signal.
Bytes read_whole(int file) {
  struct stat status;
  if (::fstat(file, &status) != 0) throw_errno("reading an entry");
  if (!S_ISREG(status.st_mode)) throw std::runtime_error("not a regular file");
  const auto size = size_t(status.st_size);
  Bytes bytes{std::make_unique_for_overwrite<char[]>(size), size};
  for (size_t at = 0; at < size;) {
    const ssize_t got = ::read(file, bytes.data.get() + at, size - at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("reading an entry");
    if (got == 0) throw std::runtime_error("it shrank while it was read");
    at += size_t(got);
  }
  return bytes;
}

// Takes typed pieces off the front of some bytes.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}

  std::string_view take(uint64_t size) {
    if (size > rest_.size()) throw std::runtime_error("a length in it reaches past its end");
    const std::string_view piece = rest_.substr(0, size_t(size));
    rest_.remove_prefix(size_t(size));
    return piece;
  }

  template <typename T>
  T take() {
    T number;
    std::memcpy(&number, take(sizeof number).data(), sizeof number);
    return number;
  }

  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

struct Output {
  std::string_view type, bytes;
};

struct Entry {
  double seconds;
  std::vector<Output> outputs;
  History history;
};

void check_frame(std::string_view bytes) {
  if (!bytes.starts_with(kMagic)) {
    throw std::runtime_error("it does not start as an entry of this version of heddle");
  }
  if (bytes.size() < kMagic.size() + kTrailerBytes) throw std::runtime_error("it is too short");
  const std::string_view body = bytes.substr(0, bytes.size() - kChecksumBytes);
  const auto checksum = canonical(XXH3_128bits(body.data(), body.size()));
  if (!bytes.ends_with(std::string_view(checksum.data(), checksum.size()))) {
    throw std::runtime_error("its checksum is wrong");
  }
}

History parse_history(Cursor& table) {
  History history;
  const auto count = table.take<uint32_t>();
  for (uint32_t i = 0; i < count; ++i) {
    const Key key = table.take<Key>();
    const std::string node(table.take(table.take<uint32_t>()));
    Json notes = parse_json(table.take(table.take<uint32_t>()));
    history.push_back(std::make_shared<const StepNotes>(StepNotes{key, node, std::move(notes)}));
  }
  return history;
}

// REQUIRES: check_frame(bytes) passed.
Entry parse_entry(std::string_view bytes, const Key& key) {
  const std::string_view tail = bytes.substr(bytes.size() - kTrailerBytes);
  std::string_view body = bytes.substr(kMagic.size());
  body.remove_suffix(kTrailerBytes);
  const auto table_size = Cursor(tail).take<uint64_t>();
  if (table_size > body.size()) throw std::runtime_error("its table is longer than the file");
  Cursor payloads(body.substr(0, body.size() - table_size));
  Cursor table(body.substr(body.size() - table_size));
  if (table.take<Key>() != key) throw std::runtime_error("it belongs to another key");
  Entry entry{.seconds = table.take<double>(), .outputs = {}, .history = {}};
  const auto count = table.take<uint32_t>();
  for (uint32_t i = 0; i < count; ++i) {
    const std::string_view type = table.take(table.take<uint32_t>());
    entry.outputs.push_back({type, payloads.take(table.take<uint64_t>())});
  }
  entry.history = parse_history(table);
  if (!table.at_end() || !payloads.at_end())
    throw std::runtime_error("it holds more than its table says");
  return entry;
}

class MemoryBuffer final : public std::streambuf {
 public:
  explicit MemoryBuffer(std::string_view bytes) {
    char* begin = const_cast<char*>(bytes.data());  // streambuf's type; a get area is never written
    setg(begin, begin, begin + bytes.size());
  }
};

ValuePtr read_value(const Output& output, const ValueReaders& readers) {
  const std::string type(output.type);
  const auto reader = readers.find(type);
  if (reader == readers.end())
    throw std::runtime_error("nothing here reads values of type " + type);
  MemoryBuffer buffer(output.bytes);
  std::istream in(&buffer);
  ValuePtr value = reader->second(in);
  if (!value || value->type() != output.type)
    throw std::runtime_error("it does not read as " + type);
  // Bytes left over mean that what was read is not all of what was written.
  if (buffer.in_avail() > 0) throw std::runtime_error("bytes are left over after its " + type);
  return value;
}

void append_text(std::string& table, std::string_view text) {
  append(table, uint32_t(text.size()));
  table += text;
}

}  // namespace

uint64_t write_entry(int file, const Key& key, const CachedResult& result, uint64_t max_bytes) {
  EntryBuffer buffer(file, max_bytes);
  buffer.write(kMagic);
  std::string table;
  append(table, key);
  append(table, result.seconds);
  append(table, uint32_t(result.outputs.size()));
  for (const ValuePtr& value : result.outputs) {
    const std::string_view type = value->type();
    append_text(table, type);
    append(table, write_value(*value, buffer));
  }
  append(table, uint32_t(result.history.size()));
  for (const auto& step : result.history) {
    append(table, step->key);
    append_text(table, step->node);
    append_text(table, step->notes.dump());
  }
  append(table, uint64_t(table.size()));
  buffer.write(table);
  const auto checksum = buffer.checksum();
  buffer.write({checksum.data(), checksum.size()});
  buffer.flush();
  return buffer.size();
}

CachedResult read_entry(int file, const Key& key, const ValueReaders& readers) {
  const Bytes bytes = read_whole(file);
  check_frame(bytes.view());
  const Entry entry = parse_entry(bytes.view(), key);
  CachedResult result{.outputs = {}, .seconds = entry.seconds, .history = entry.history};
  for (const Output& output : entry.outputs) {
    result.outputs.push_back(read_value(output, readers));
  }
  return result;
}

}  // namespace heddle
