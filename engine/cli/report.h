// Saying what is wrong: in words on standard error, and as events on standard output with --json.
#pragma once

#include <string>
#include <vector>

#include "engine/cli/options.h"
#include "engine/problem.h"

namespace heddle::cli {

/// Problems, always; warnings unless --quiet.
void report_problems(const Options& options, const Problems& problems);
void report_warnings(const Options& options, const Problems& warnings);

/// Adds those whose text is not among `all` yet: combinations of a graph have most of them in
/// common.
void add_new(Problems& all, const Problems& more);

/// Columns of text, each as wide as its widest cell, the last as it is.
void print_table(const std::vector<std::vector<std::string>>& rows);

}  // namespace heddle::cli
