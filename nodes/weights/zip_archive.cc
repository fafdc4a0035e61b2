#include "nodes/weights/zip_archive.h"

#include <zip.h>

#include <algorithm>
#include <cstring>

namespace heddle::weights {
namespace {

using ZipFile = std::unique_ptr<zip_file_t, decltype(&zip_fclose)>;

// The archive as libzip's input. It remembers where libzip read last: libzip itself does not tell
// where in the archive a member lies.
struct Input {
  std::string_view bytes;
  zip_uint64_t at = 0;
  zip_uint64_t last_read = 0;
  zip_error_t error = {};
};

zip_int64_t read_input(Input& input, void* data, zip_uint64_t length) {
  const zip_uint64_t count = std::min<zip_uint64_t>(length, input.bytes.size() - input.at);
  if (count > 0) std::memcpy(data, input.bytes.data() + input.at, count);
  input.last_read = input.at;
  input.at += count;
  return zip_int64_t(count);
}

zip_int64_t seek_input(Input& input, void* data, zip_uint64_t length) {
  const zip_int64_t at =
      zip_source_seek_compute_offset(input.at, input.bytes.size(), data, length, &input.error);
  if (at < 0) return -1;
  input.at = zip_uint64_t(at);
  return 0;
}

zip_int64_t describe_input(const Input& input, void* data) {
  auto* stat = static_cast<zip_stat_t*>(data);
  zip_stat_init(stat);
  stat->valid = ZIP_STAT_SIZE;
  stat->size = input.bytes.size();
  return sizeof *stat;
}

zip_int64_t answer(void* state, void* data, zip_uint64_t length, zip_source_cmd_t command) {
  Input& input = *static_cast<Input*>(state);
  switch (command) {
    case ZIP_SOURCE_OPEN:
      input.at = 0;
      return 0;
    case ZIP_SOURCE_READ:
      return read_input(input, data, length);
    case ZIP_SOURCE_SEEK:
      return seek_input(input, data, length);
    case ZIP_SOURCE_TELL:
      return zip_int64_t(input.at);
    case ZIP_SOURCE_STAT:
      return describe_input(input, data);
    case ZIP_SOURCE_ERROR:
      return zip_error_to_data(&input.error, data, length);
    case ZIP_SOURCE_SUPPORTS:
      return ZIP_SOURCE_SUPPORTS_SEEKABLE;
    case ZIP_SOURCE_CLOSE:
    case ZIP_SOURCE_FREE:
      return 0;
    default:
      zip_error_set(&input.error, ZIP_ER_OPNOTSUPP, 0);
      return -1;
  }
}

std::string method_text(const zip_stat_t& stat) {
  if (stat.encryption_method != ZIP_EM_NONE) return "is encrypted";
  return "is compressed by method " + std::to_string(stat.comp_method) +
         ", and only stored (0) and deflated (8) members are read";
}

}  // namespace

struct ZipArchive::Open {
  std::string file_name;
  Input input;
  zip_t* zip = nullptr;

  ~Open() {
    if (zip) zip_discard(zip);
  }
};

ZipArchive::ZipArchive(std::string_view bytes, const std::string& file_name)
    : open_(std::make_unique<Open>()) {
  open_->file_name = file_name;
  open_->input.bytes = bytes;
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_function_create(answer, &open_->input, &error);
  if (source) open_->zip = zip_open_from_source(source, ZIP_RDONLY, &error);
  const std::string problem = open_->zip ? "" : zip_error_strerror(&error);
  if (source && !open_->zip) zip_source_free(source);
  zip_error_fini(&error);
  if (!open_->zip) {
    throw FileError(file_name + ": the zip archive of " + std::to_string(bytes.size()) +
                    " bytes cannot be opened (" + problem +
                    "): the download is incomplete or damaged, fetch it again");
  }
  list();
}

ZipArchive::~ZipArchive() = default;

void ZipArchive::fail(const std::string& member, const std::string& problem) const {
  throw FileError(open_->file_name + ": " + in_quotes(member) + " in the archive " + problem);
}

void ZipArchive::list() {
  const zip_int64_t count = zip_get_num_entries(open_->zip, 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    zip_stat_t stat;
    const char* name = zip_get_name(open_->zip, zip_uint64_t(i), ZIP_FL_ENC_RAW);
    if (!name || zip_stat_index(open_->zip, zip_uint64_t(i), 0, &stat) != 0) {
      throw FileError(open_->file_name + ": entry " + std::to_string(i) +
                      " of the zip archive is damaged; fetch the file again");
    }
    ZipMember member{name, zip_uint64_t(i), stat.size, stat.comp_method == ZIP_CM_DEFLATE};
    const bool readable = stat.comp_method == ZIP_CM_STORE || member.deflated;
    if (!readable || stat.encryption_method != ZIP_EM_NONE) fail(member.name, method_text(stat));
    if (!member.deflated && stat.size != stat.comp_size) {
      fail(member.name, "is stored with two sizes; the file is damaged, fetch it again");
    }
    if (!members_.emplace(name, std::move(member)).second) fail(name, "is there twice");
  }
}

std::string_view ZipArchive::stored(const ZipMember& member) const {
  if (member.bytes == 0) return {};
  char first[64];
  const ZipFile file(zip_fopen_index(open_->zip, member.index, ZIP_FL_COMPRESSED), zip_fclose);
  const zip_uint64_t wanted = std::min<zip_uint64_t>(sizeof first, member.bytes);
  const bool read = file && zip_fread(file.get(), first, wanted) == zip_int64_t(wanted);
  const std::string_view archive = open_->input.bytes;
  const zip_uint64_t begin = open_->input.last_read;
  if (!read || begin > archive.size() || member.bytes > archive.size() - begin) {
    fail(member.name, "does not lie within the file: the download is incomplete, fetch it again");
  }
  if (std::memcmp(first, archive.data() + begin, wanted) != 0) {
    fail(member.name, "cannot be found in the file");
  }
  return archive.substr(begin, member.bytes);
}

void ZipArchive::inflate(const ZipMember& member, char* out) const {
  const ZipFile file(zip_fopen_index(open_->zip, member.index, 0), zip_fclose);
  zip_uint64_t done = 0;
  zip_int64_t count = file ? 1 : -1;
  while (count > 0 && done < member.bytes) {
    count = zip_fread(file.get(), out + done, member.bytes - done);
    if (count > 0) done += zip_uint64_t(count);
  }
  // One more reading finds what is too much, and lets libzip compare the checksum.
  char more;
  if (count >= 0) count = zip_fread(file.get(), &more, 1);
  if (done == member.bytes && count == 0) return;
  fail(member.name, "cannot be unpacked to the " + std::to_string(member.bytes) +
                        " bytes that the archive promises; the file is damaged, fetch it again");
}

}  // namespace heddle::weights
