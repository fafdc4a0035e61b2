// The bytes of one result on disk, little-endian:
//
//   "heddleR" and the format version                     8 bytes
//   the outputs as Value::write wrote them, back to back
//   the table: key (32), seconds (8, double), number of outputs (4), and for each output
//              length of its type name (4), type name, length of its bytes (8),
//              then the number of notes (4), and for each note key (32), length of the name of the node (4), the name,
//              length of the note (4), the note in JSON
//   length of the table                                  8 bytes
//   XXH3-128 of everything before, big-endian           16 bytes
//
// The table stands at the end because lengths are known only once values are written: an entry is
// written front to back in one pass, whatever its size. Reading trusts nothing: the checksum finds
// damage, and every length is checked against the file as well.
#pragma once

#include <cstdint>
#include <stdexcept>

#include "engine/cache.h"

namespace heddle {

struct EntryTooLarge : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Writes an entry to an empty file and returns its size. Throws EntryTooLarge before a byte beyond
/// `max_bytes` is written, std::system_error if the file cannot be written. REQUIRES: every output
/// is there and can_write().
uint64_t write_entry(int file, const Key& key, const CachedResult& result, uint64_t max_bytes);

/// Reads an entry written for `key`. No reader sees a byte before the checksum of all of them is
/// found right. Throws std::runtime_error that says what is wrong with it. Needs the size of the
/// file in memory, besides the values.
CachedResult read_entry(int file, const Key& key, const ValueReaders& readers);

}  // namespace heddle
