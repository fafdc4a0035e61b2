// Answering with a file: which bytes of it, or that the client has it already (RFC 9110, sections 13 and 14). Opens and
// reads, so it belongs on a thread that may wait for a disk.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>

#include "engine/fd.h"
#include "engine/server/http.h"

namespace heddle::server {

struct FileState {
  uint64_t size = 0;
  std::time_t changed = 0;
  std::string tag;  // a strong validator, with its quotes
};

/// Bytes of a file to be sent: `left` of them from `at` on.
struct FileBytes {
  Fd file;
  uint64_t at = 0, left = 0;
};

/// Opens response.file and completes status and headers: 200, 206, 304 or 416; 404 with words if it cannot be opened or
/// is no plain file. Nothing where no bytes of the file are to be sent.
std::optional<FileBytes> open_file_answer(const Request& request, Response& response);

/// Puts up to `most` bytes into `piece`; false if the file ended early or cannot be read, so what was promised cannot be
/// kept.
bool read_piece(FileBytes& bytes, size_t most, std::string& piece);

/// The part of a file that a Range header asks for. `kWhole` where there is none, or none that must be understood.
struct RangeChoice {
  enum { kWhole, kPart, kNone } kind = kWhole;
  uint64_t at = 0, size = 0;
};
RangeChoice choose_range(std::string_view range, uint64_t file_size);

/// Whether If-None-Match or If-Modified-Since says that the client has this state.
bool client_has(const Request& request, const FileState& state);

}  // namespace heddle::server
