#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <sstream>
#include <thread>

#include "tests/server/site_testing.h"

namespace heddle::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace test;

std::vector<std::string> texts(const LogBook& book) {
  std::vector<std::string> texts;
  for (const LogLine& line : book.lines()) texts.push_back(line.text);
  return texts;
}

TEST(Log, TheLastLinesAreKept) {
  LogBook few(3, 1000), small(100, 10);
  for (const char* text : {"one", "two", "three\r\n", "four\n"}) {
    few.add(0, text);
    small.add(0, text);
  }
  EXPECT_THAT(texts(few), ElementsAre("two", "three", "four"));
  EXPECT_THAT(texts(small), ElementsAre("three", "four"));
  small.add(0, "longer than all");
  EXPECT_THAT(texts(small), ElementsAre("longer than all"));
}

TEST(Log, LinesAreTextWhateverTheyHold) {
  LogBook book;
  book.add(0, "caf\xE9");
  EXPECT_THAT(texts(book), ElementsAre("café"));
}

TEST(Log, EntriesHaveTimeAndLineBreak) {
  EXPECT_EQ(dump_python(log_entry({1'700'000'000'042, "hello"})),
            R"({"t": "2023-11-14T22:13:20.042+00:00", "m": "hello\n"})");
}

TEST(Log, WhoAskedHearsOfNewLines) {
  LogBook book;
  std::vector<std::string> told;
  book.set_listener([&](const LogLine& line, const std::vector<std::string>& clients) {
    for (const std::string& client : clients) told.push_back(client + ":" + line.text);
    book.add(0, "said while telling");  // does not come back
  });
  book.add(0, "nobody");
  book.subscribe("a");
  book.subscribe("a");
  book.subscribe("b");
  book.add(0, "both");
  book.unsubscribe("a");
  book.unsubscribe("c");
  book.add(0, "one");
  EXPECT_THAT(told, ElementsAre("a:both", "b:both", "b:one"));
  EXPECT_THAT(texts(book), ElementsAre("nobody", "both", "said while telling", "one", "said while telling"));
  book.set_listener(nullptr);
  book.add(0, "none");
  EXPECT_EQ(told.size(), 3);
}

TEST(Log, ManyThreadsMayWriteAndRead) {
  LogBook book(50);
  std::vector<std::thread> threads;
  for (int k = 0; k < 4; ++k) {
    threads.emplace_back([&book, k] {
      for (int i = 0; i < 200; ++i) {
        book.add(i, "line");
        book.subscribe(std::to_string(k));
        (void)book.lines();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(book.lines().size(), 50);
}

TEST(Log, ATapFillsTheBookWhateverTheLogItselfShows) {
  std::ostringstream shown;
  const auto before = spdlog::default_logger();
  auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(shown);
  auto logger = std::make_shared<spdlog::logger>("test", sink);
  logger->set_pattern("%v");
  logger->set_level(spdlog::level::warn);
  spdlog::set_default_logger(logger);
  const auto book = std::make_shared<LogBook>();
  {
    const LogTap tap(book);
    spdlog::debug("debug");
    spdlog::info("info");
    spdlog::warn("warning");
  }
  spdlog::warn("after");
  EXPECT_THAT(texts(*book), ElementsAre("info: info", "warning: warning"));
  EXPECT_EQ(shown.str(), "warning\nafter\n");
  EXPECT_EQ(sink->level(), spdlog::level::trace);
  {
    const LogTap tap(book, std::make_shared<spdlog::pattern_formatter>("<%v>"));
    spdlog::error("own form");
  }
  EXPECT_EQ(texts(*book).back(), "<own form>");
  spdlog::set_default_logger(before);
}

TEST(LogRoutes, TheLogIsReadAsTextAndAsEntries) {
  ComfySite comfy;
  comfy.log.add(1'700'000'000'042, "first");
  comfy.log.add(1'700'000'000'043, "second");
  EXPECT_EQ(comfy.json("/internal/logs"),
            "2023-11-14T22:13:20.042+00:00 - first\n2023-11-14T22:13:20.043+00:00 - second\n");
  const Json raw = comfy.json("/internal/logs/raw");
  EXPECT_EQ(raw["entries"][1]["m"], "second\n");
  EXPECT_GT(raw["size"]["cols"].get<int>(), 0);
  EXPECT_GT(raw["size"]["rows"].get<int>(), 0);
  EXPECT_EQ(comfy.get("/api/internal/logs").status, 404);
}

TEST(LogRoutes, ClientsSubscribeByTheirId) {
  ComfySite comfy;
  std::string told;
  comfy.log.set_listener([&](const LogLine& line, const std::vector<std::string>& clients) {
    for (const std::string& client : clients) told += client + ":" + line.text + " ";
  });
  const auto patch = [&](const char* body) { return comfy.send("PATCH", "/internal/logs/subscribe", body); };
  EXPECT_EQ(patch(R"({"clientId": "me", "enabled": true})").status, 200);
  comfy.log.add(0, "1");
  EXPECT_EQ(patch(R"({"clientId": "me", "enabled": false})").body, "");
  comfy.log.add(0, "2");
  EXPECT_EQ(told, "me:1 ");
  for (const char* body : {"", "[]", "{}", R"({"clientId": "me"})", R"({"clientId": 1, "enabled": true})",
                           R"({"clientId": "", "enabled": true})"}) {
    EXPECT_EQ(patch(body).status, 400) << body;
  }
}

}  // namespace
}  // namespace heddle::server
