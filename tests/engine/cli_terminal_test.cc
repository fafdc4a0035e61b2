#include "engine/cli/terminal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "engine/cli/progress.h"

namespace heddle::cli {
namespace {

using ::testing::HasSubstr;

TEST(Terminal, LinesThatStayPushTheLiveOnesDown) {
  std::ostringstream out;
  {
    Terminal terminal(out, [] { return 20; });
    terminal.draw({"one", "two"});
    terminal.print("done");
  }
  EXPECT_EQ(out.str(),
            "one\ntwo\n"
            "\x1b[2A\r\x1b[Jdone\none\ntwo\n"
            "\x1b[2A\r\x1b[J");
}

TEST(Terminal, LiveLinesAreCutToItsWidth) {
  std::ostringstream out;
  Terminal terminal(out, [] { return 6; });
  terminal.draw({"0123456789"});
  EXPECT_EQ(out.str(), "01234\n");
}

TEST(Terminal, ElsewhereNothingIsDrawn) {
  std::ostringstream out;
  {
    Terminal terminal(out);
    terminal.draw({"one"});
    terminal.print("done");
  }
  EXPECT_EQ(out.str(), "done\n");
}

TEST(Terminal, ControlCharactersBecomeSpaces) {
  EXPECT_EQ(printable("a\x1b[2Jb\tc\x7f"), "a [2Jb c ");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m \xc3\xbc"),
            " 31m \xc3\xbc");
}

TEST(Terminal, CuttingKeepsCharactersWhole) {
  EXPECT_EQ(cut("\xc3\xbc\xc3\xbc\xc3\xbc", 2), "\xc3\xbc\xc3\xbc");
  EXPECT_EQ(cut("abc", 0), "");
  EXPECT_EQ(cut("abc", 9), "abc");
}

TEST(Bar, ShowsShareRateAndTimeLeft) {
  EXPECT_EQ(
      bar_text({.label = "3 (KSampler)", .first = 0, .value = 5, .total = 20, .seconds = 2}, 60),
      "3 (KSampler)  [###...........] 5/20  2.50 steps/s  0:06 left");
}

TEST(Bar, SlowStepsAreGivenInSeconds) {
  EXPECT_THAT(bar_text({.label = "x", .first = 0, .value = 1, .total = 3, .seconds = 90}, 80),
              HasSubstr("1/3  90.00 s/step  3:00 left"));
}

TEST(Bar, FitsIntoAnyWidth) {
  for (int columns = 1; columns < 120; ++columns) {
    const std::string text = bar_text(
        {.label = "3 (KSampler)", .first = 0, .value = 5, .total = 20, .seconds = 2}, columns);
    EXPECT_LE(int(text.size()), columns);
  }
}

TEST(Bar, BeyondItsEndItStaysFull) {
  EXPECT_THAT(bar_text({.label = "x", .first = 0, .value = 9, .total = 3, .seconds = 0}, 40),
              HasSubstr("#] 9/3"));
}

TEST(Bar, ClocksHaveHoursWhereNeeded) {
  EXPECT_EQ(clock_text(0.2), "0:01");
  EXPECT_EQ(clock_text(59.5), "1:00");
  EXPECT_EQ(clock_text(3723), "1:02:03");
}

struct ProgressTest : ::testing::Test {
  std::string drawn() {
    const std::string text = out.str();
    out.str("");
    return text;
  }
  double now = 0;
  std::ostringstream out;
  Terminal terminal{out, [] { return 70; }};
  ProgressObserver observer{terminal, [this] { return now; }};
  const StepRef step{0, "3", "KSampler"};
};

TEST_F(ProgressTest, OneBarARunningStep) {
  observer.step_started(step);
  observer.step_started({1, "9", "LoadImage"});
  EXPECT_THAT(drawn(), HasSubstr("3 (KSampler) ...\n9 (LoadImage) ...\n"));
}

TEST_F(ProgressTest, TheTimeBeforeTheFirstReportCounts) {
  observer.step_started(step);
  now = 4;
  observer.step_progress(step, 2, 20);
  EXPECT_THAT(drawn(), HasSubstr("2/20  2.00 s/step  0:36 left"));
}

TEST_F(ProgressTest, DrawsTenTimesASecondAtMostButAlwaysTheEnd) {
  observer.step_started(step);
  drawn();
  now = 0.01;
  observer.step_progress(step, 1, 3);
  EXPECT_EQ(drawn(), "");
  now = 0.02;
  observer.step_progress(step, 3, 3);
  EXPECT_THAT(drawn(), HasSubstr("3/3"));
}

TEST_F(ProgressTest, AFinishedStepIsOneLine) {
  observer.step_started(step);
  drawn();
  observer.step_finished(step, 12.34, {}, {});
  EXPECT_THAT(drawn(), HasSubstr("step 3 (KSampler): 12.3 s\n"));
}

TEST_F(ProgressTest, ASecondPhaseOfAStepStartsAnew) {
  observer.step_started(step);
  observer.step_progress(step, 10, 10);
  now = 10;
  observer.step_progress(step, 0, 4);
  now = 12;
  observer.step_progress(step, 1, 4);
  EXPECT_THAT(drawn(), HasSubstr("1/4  2.00 s/step  0:06 left"));
}

}  // namespace
}  // namespace heddle::cli
