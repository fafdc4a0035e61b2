// heddle.db as a file: the lock that keeps a second server off its folder, opening it, and putting a damaged one aside.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "engine/fd.h"
#include "engine/jobs/job_store.h"
#include "engine/jobs/sqlite.h"

namespace heddle {

std::filesystem::path store_file(const std::filesystem::path& folder);

/// Creates the folder if need be and locks `folder`/heddle.lock for as long as the Fd lives. Throws std::runtime_error
/// in words: another server has it, or it cannot be written.
Fd lock_store_folder(const std::filesystem::path& folder);

/// Opens the database for the one writer, with its tables brought up to date. See open_sqlite_store for what becomes of
/// a damaged one. REQUIRES: the folder is locked.
std::unique_ptr<sqlite::Connection> open_for_writing(const std::filesystem::path& folder, Durability durability,
                                                     Millis now, std::string& notice);

/// A further connection to a database that is open for writing. It cannot change anything.
std::unique_ptr<sqlite::Connection> open_for_reading(const std::filesystem::path& folder);

}  // namespace heddle
