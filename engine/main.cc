// The one composition root: joins the nodes to the engine.
#include "engine/command_line.h"
#include "nodes/backend.h"
#include "nodes/register.h"

int main(int argc, char** argv) {
  heddle::Registry registry;
  heddle::register_nodes(registry);
  heddle::TorchBackend backend;
  return heddle::run_command_line(argc, argv, registry, backend);
}
