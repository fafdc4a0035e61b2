// The program with fake nodes, for tests that need a process of its own: signals, exit codes,
// pipes.
#include "engine/command_line.h"
#include "tests/engine/fake_nodes.h"

int main(int argc, char** argv) {
  heddle::Registry registry;
  heddle::test::register_fake_program(registry);
  heddle::test::FakeBackend backend;
  return heddle::run_command_line(argc, argv, registry, backend);
}
