// Pictures from files.
#include <ATen/ATen.h>

#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/families.h"
#include "nodes/picture_tensor.h"
#include "nodes/values.h"

namespace heddle {
namespace {

struct Loaded {
  at::Tensor pixels, mask;
};

// All frames, and 1 where they are transparent: a small black mask where they say nothing of it.
Loaded load_frames(const std::filesystem::path& path, RunContext& context) {
  std::vector<at::Tensor> colours, masks;
  for (const Picture& frame : read_pictures(path)) {
    context.check_cancelled();
    colours.push_back(picture_colours(frame));
    masks.push_back(frame.channels == 4 && !frame.color_key ? picture_mask(frame) : at::zeros({1, 64, 64}));
  }
  return {at::cat(colours), at::cat(masks)};
}

struct LoadImage final : Node {
  static constexpr NodeInfo kInfo{.name = "LoadImage",
                                  .category = "image",
                                  .help = "Reads a picture; its transparency becomes the mask.",
                                  .display_name = "Load Image",
                                  .lane = Lane::kPool};
  In<InputFile> image{this, "image", "Picture beside the graph or in the input folder.", kImageUpload};
  Out<Image> pixels{this, "IMAGE"};
  Out<Mask> mask{this, "MASK", "1 where the picture is transparent."};

  void run(RunContext& context) override {
    const Loaded loaded = load_frames(image->path, context);
    pixels = Image{loaded.pixels};
    mask = Mask{loaded.mask};
  }
};

struct OutputFile : File {
  static constexpr std::string_view kFolder = "output";
};

struct LoadImageOutput final : Node {
  static constexpr NodeInfo kInfo{.name = "LoadImageOutput",
                                  .category = "image",
                                  .help = "Reads a picture that was saved before; its transparency becomes the mask.",
                                  .display_name = "Load Image (from Outputs)",
                                  .lane = Lane::kPool};
  In<OutputFile> image{this, "image", "Picture in the output folder."};
  Out<Image> pixels{this, "IMAGE"};
  Out<Mask> mask{this, "MASK", "1 where the picture is transparent."};

  void run(RunContext& context) override {
    const Loaded loaded = load_frames(image->path, context);
    pixels = Image{loaded.pixels};
    mask = Mask{loaded.mask};
  }
};

struct LoadImageMask final : Node {
  static constexpr NodeInfo kInfo{.name = "LoadImageMask",
                                  .category = "mask",
                                  .help = "Reads one channel of a picture as a mask.",
                                  .display_name = "Load Image (as Mask)",
                                  .lane = Lane::kPool};
  In<InputFile> image{this, "image", "Picture beside the graph or in the input folder.", kImageUpload};
  In<Choice> channel{this, "channel", "Which channel; of alpha, what is transparent becomes white.",
                     one_of({"alpha", "red", "green", "blue"})};
  Out<Mask> mask{this, "MASK"};

  void run(RunContext&) override {
    const Picture picture = read_pictures(image->path).front();
    if (*channel == "alpha") {
      mask = Mask{picture.channels == 4 ? picture_mask(picture) : at::zeros({1, picture.height, picture.width})};
      return;
    }
    const int64_t index = *channel == "red" ? 0 : *channel == "green" ? 1 : 2;
    mask = Mask{picture_colours(picture).select(3, index).contiguous()};
  }
};

}  // namespace

void register_image_load_nodes(Registry& registry) {
  registry.add<LoadImage>();
  registry.add<LoadImageOutput>();
  registry.add<LoadImageMask>();
}

}  // namespace heddle
