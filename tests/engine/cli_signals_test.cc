// The program as a process of its own: signals, exit codes, standard input.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include "tests/engine/cli_testing.h"

namespace heddle::test {
namespace {

// heddle_fake with standard output in a pipe and standard error in a file.
class Process {
 public:
  Process(std::vector<std::string> words, const std::string& input, const std::string& errors) {
    words.insert(words.begin(), HEDDLE_FAKE);
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    int pipe_ends[2];
    if (pipe(pipe_ends) != 0) throw std::runtime_error("no pipe");
    id_ = fork();
    if (id_ == 0) {
      dup2(open(input.c_str(), O_RDONLY), STDIN_FILENO);
      dup2(pipe_ends[1], STDOUT_FILENO);
      dup2(open(errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
      close(pipe_ends[0]);
      close(pipe_ends[1]);
      execv(argv[0], argv.data());
      _exit(127);
    }
    close(pipe_ends[1]);
    out_ = fdopen(pipe_ends[0], "r");
  }
  ~Process() {
    std::fclose(out_);
    if (id_ > 0) {
      kill(id_, SIGKILL);
      waitpid(id_, nullptr, 0);
    }
  }

  // The next line with `text` in it, or "" at the end of the output.
  std::string wait_for(const std::string& text) {
    std::string line;
    for (int c = std::fgetc(out_); c != EOF; c = std::fgetc(out_)) {
      if (c != '\n') {
        line += char(c);
        continue;
      }
      if (line.find(text) != std::string::npos) return line;
      line.clear();
    }
    return "";
  }
  void send(int signal) { kill(id_, signal); }
  bool has_ended() {
    siginfo_t info{};
    return waitid(P_PID, id_t(id_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == id_;
  }
  // The exit code; 128 and the signal if one ended it.
  int wait() {
    int status = 0;
    waitpid(id_, &status, 0);
    id_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t id_ = -1;
  std::FILE* out_ = nullptr;
};

struct CliProcess : Cli {
  Process start(const std::string& graph, std::vector<std::string> more = {}) {
    std::vector<std::string> words{"run", (home / graph).string(), "--out", (home / "out").string(),
                                   "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return Process(words, "/dev/null", errors());
  }
  std::string errors() const { return (home / "errors").string(); }
};

TEST_F(CliProcess, OneSignalStopsAndKeepsWhatHasFinished) {
  for (const int signal : {SIGINT, SIGTERM}) {
    write("slow.json",
          R"({"1": {"class_type": "Word",
                  "inputs": {"text": "a", "how": "loud", "seed": 1, "weight": 0}},
            "2": {"class_type": "SaveText", "inputs": {"text": ["1", 0]}},
            "3": {"class_type": "Slow", "inputs": {"steps": 100000, "milliseconds": 20}},
            "4": {"class_type": "Show", "inputs": {"number": ["3", 0]}}})");
    Process process = start("slow.json");
    ASSERT_NE(process.wait_for("\"step_progress\""), "");
    process.send(signal);
    const Json last = parse_json(process.wait_for("\"finished\""));
    EXPECT_EQ(last["exit_code"], 130);
    EXPECT_EQ(process.wait(), 130);
    EXPECT_THAT(read(errors()), HasSubstr("stopping; press Ctrl-C again to stop at once"));
  }
  EXPECT_EQ(run("slow.json", {"--until", "1", "--json"}).events("step_cached").size(), 1u);
}

TEST_F(CliProcess, ASecondSignalStopsAtOnce) {
  write("stubborn.json", R"({"1": {"class_type": "Stubborn", "inputs": {}},
                             "2": {"class_type": "Show", "inputs": {"number": ["1", 0]}}})");
  Process process = start("stubborn.json");
  ASSERT_NE(process.wait_for("\"step_progress\""), "");
  // Signals that come close to one another count as one, so this presses until it is enough.
  for (process.send(SIGINT); !process.has_ended(); process.send(SIGINT)) usleep(50'000);
  EXPECT_EQ(process.wait(), 130);
  EXPECT_EQ(process.wait_for("\"finished\""), "");  // an orderly end has this line
}

TEST_F(CliProcess, FilesOfFinishedCombinationsStayAfterASignal) {
  write("slow.json", R"({"1": {"class_type": "Slow", "inputs": {"steps": 1, "milliseconds": 0}},
                         "3": {"class_type": "Show", "inputs": {"number": ["1", 0]}}})");
  Process process = start("slow.json", {"--set", "1.steps=1,100000", "--set", "1.milliseconds=20"});
  ASSERT_NE(process.wait_for("\"job\":2"), "");
  ASSERT_NE(process.wait_for("\"step_progress\""), "");
  process.send(SIGINT);
  EXPECT_EQ(process.wait(), 130);
  EXPECT_THAT(call({"explain", (home / "slow.json").string(), "--set", "1.milliseconds=20"}).out,
              HasSubstr("1  Slow  cached:  on disk"));
}

TEST_F(CliProcess, AGraphIsReadFromStandardInput) {
  Process process({"run", "-", "--out", (home / "out").string()}, (home / "graph.json").string(),
                  errors());
  EXPECT_NE(process.wait_for("word_1.txt"), "");
  EXPECT_EQ(process.wait(), 0);
  EXPECT_THAT(saved(), ElementsAre("tulip/loud/3"));
}

TEST_F(CliProcess, ExitCodesReachTheShell) {
  EXPECT_EQ(Process({"check", (home / "graph.json").string()}, "/dev/null", errors()).wait(), 0);
  EXPECT_EQ(Process({"chekc"}, "/dev/null", errors()).wait(), 2);
}

TEST_F(CliProcess, OutputThatCannotBeWrittenIsNoSuccess) {
  const std::string command = std::string(HEDDLE_FAKE) + " nodes > /dev/full 2> " + errors();
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 1);
  EXPECT_THAT(read(errors()), HasSubstr("cannot write to standard output"));
}

}  // namespace
}  // namespace heddle::test
