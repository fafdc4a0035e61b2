// docs/compatibility.md says what works; nothing in it may say so without a test.
#include <gmock/gmock.h>

#include <fstream>
#include <regex>
#include <set>

#include "nodes/diffusion/samplers.h"
#include "nodes/diffusion/schedules.h"
#include "tests/nodes/workshop.h"

namespace heddle {
namespace {

const std::filesystem::path kRoot = HEDDLE_SOURCE_DIR;

struct Row {
  std::string section, name, state, test;
};

std::string trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(" `"), last = text.find_last_not_of(" `");
  return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

/// Rows `| name | state | test |` under their `## ` headings, without the heads of the tables.
std::vector<Row> rows_of(const std::filesystem::path& page) {
  std::vector<Row> rows;
  std::ifstream in(page);
  std::string line, section;
  while (std::getline(in, line)) {
    if (line.starts_with("## ")) section = line.substr(3);
    if (!line.starts_with("| ") || line.starts_with("| ---") || line.starts_with("| name")) continue;
    std::vector<std::string> cells;
    std::istringstream cut(line.substr(1));
    for (std::string cell; std::getline(cut, cell, '|');) cells.push_back(trimmed(cell));
    if (cells.size() == 3) rows.push_back({section, cells[0], cells[1], cells[2]});
  }
  return rows;
}

/// "Suite.Name" of every GoogleTest test, "file.test_name" of every Python one.
std::set<std::string> tests_of_the_project() {
  const std::regex cpp("TEST(_F|_P)?\\((\\w+),\\s*(\\w+)\\)"), python("def (test_\\w+)");
  std::set<std::string> tests;
  for (const auto& file : std::filesystem::recursive_directory_iterator(kRoot / "tests")) {
    const std::string extension = file.path().extension().string();
    if (extension != ".cc" && extension != ".py") continue;
    const std::string text = read_file(file.path());
    const bool is_python = extension == ".py";
    for (std::sregex_iterator at(text.begin(), text.end(), is_python ? python : cpp), end; at != end; ++at) {
      tests.insert(is_python ? file.path().stem().string() + "." + (*at)[1].str() : (*at)[2].str() + "." + (*at)[3].str());
    }
  }
  return tests;
}

class Compatibility : public ::testing::Test {
 protected:
  std::set<std::string> names(const std::string& section) const {
    std::set<std::string> found;
    for (const Row& row : rows_) {
      if (row.section == section) found.insert(row.name);
    }
    return found;
  }
  std::vector<Row> rows_ = rows_of(kRoot / "docs/compatibility.md");
};

TEST_F(Compatibility, NothingIsSaidToWorkWithoutATest) {
  const std::set<std::string> tests = tests_of_the_project();
  ASSERT_GT(rows_.size(), 100u);
  for (const Row& row : rows_) {
    if (row.state.starts_with("not yet") || row.state == "refused") continue;
    std::istringstream cut(row.test);
    for (std::string test; std::getline(cut, test, ',');) {
      EXPECT_TRUE(tests.contains(trimmed(test))) << row.section << ", " << row.name << ": there is no test \"" << trimmed(test) << '"';
    }
    EXPECT_FALSE(row.test.empty()) << row.name;
  }
}

TEST_F(Compatibility, EveryNodeSamplerAndSchedulerIsListed) {
  Registry registry;
  register_nodes(registry);
  const std::set<std::string> nodes = names("Nodes"), samplers = names("Samplers"), schedulers = names("Schedulers");
  for (const auto& name : registry.names()) {
    EXPECT_TRUE(nodes.contains(std::string(name))) << name;
  }
  for (const std::string& name : nodes) EXPECT_TRUE(registry.find(name)) << name << " is no node of this program";
  for (const std::string& name : diffusion::sampler_names()) EXPECT_TRUE(samplers.contains(name)) << name;
  for (const std::string& name : diffusion::schedule_names()) EXPECT_TRUE(schedulers.contains(name)) << name;
}

}  // namespace
}  // namespace heddle
