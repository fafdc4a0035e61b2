// The tables of heddle.db, and how a file of an older version becomes one of today's: a list of steps, each from one
// version to the next. A step that was released is never changed; a new version is a new step at the end.
#pragma once

#include <span>
#include <stdexcept>
#include <string_view>

#include "engine/jobs/sqlite.h"

namespace heddle {

/// SQL that makes version i + 1 from version i; version 0 is an empty file.
std::span<const std::string_view> job_schema();

/// The file was written by a program that knows more versions, or is not heddle's at all: in words.
struct ForeignSchema : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Carries out the steps that the file lacks, each in a transaction with its version. Throws ForeignSchema, with
/// `file` in the message, and leaves such a file as it is.
void bring_up_to_date(sqlite::Connection& connection, std::span<const std::string_view> steps, std::string_view file);

}  // namespace heddle
