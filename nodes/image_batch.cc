// Batches of pictures.
#include <ATen/ATen.h>

#include <algorithm>

#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/families.h"
#include "nodes/tensor_checks.h"
#include "nodes/values.h"

namespace heddle {
namespace {

struct ImageFromBatch final : Node {
  static constexpr NodeInfo kInfo{
      .name = "ImageFromBatch", .category = "image/batch", .help = "Takes some pictures out of a batch."};
  In<Image> image{this, "image", "Batch to take from."};
  In<int64_t> batch_index{this, "batch_index", "First picture, counted from 0.", 0, between(0, 4095)};
  In<int64_t> length{this, "length", "How many pictures, at most to the last.", 1, between(1, 4096)};
  Out<Image> result{this, "IMAGE"};

  void run(RunContext&) override {
    check_not_empty(*image, "image");
    const int64_t first = std::min(*batch_index, image->pixels.size(0) - 1);
    result = Image{image->pixels.slice(0, first, first + *length).clone()};
  }
};

struct RepeatImageBatch final : Node {
  static constexpr NodeInfo kInfo{.name = "RepeatImageBatch", .category = "image/batch", .help = "Repeats a picture."};
  In<Image> image{this, "image", "Picture to repeat."};
  In<int64_t> amount{this, "amount", "How often.", 1, between(1, 4096)};
  Out<Image> result{this, "IMAGE"};

  void run(RunContext&) override { result = Image{image->pixels.repeat({*amount, 1, 1, 1})}; }
};

}  // namespace

void register_image_batch_nodes(Registry& registry) {
  registry.add<ImageFromBatch>();
  registry.add<RepeatImageBatch>();
}

}  // namespace heddle
