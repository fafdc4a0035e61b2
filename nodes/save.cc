// Saving: pictures and latents to files, with the graph that made them inside.
#include <ATen/ATen.h>

#include <filesystem>
#include <functional>

#include "engine/folders.h"
#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/families.h"
#include "nodes/origin_texts.h"
#include "nodes/output_name.h"
#include "nodes/picture_tensor.h"
#include "nodes/tensor_checks.h"
#include "nodes/values.h"

namespace heddle {
namespace {

constexpr const char* kPrefixHelp = "Start of the file names; folders, %date% words and %width% are understood.";

using Encode = std::function<std::string(const Picture& picture, const ImageTexts& texts)>;

struct Target {
  const char* type;  // "output" or "temp", as clients know the folders
  std::filesystem::path folder;
  std::string prefix, extension;
};

void save_pictures(const Image& images, const Target& target, const Encode& encode, RunContext& context) {
  check_not_empty(images, "images");
  check_finite(images.pixels, "the picture");
  const ImageTexts texts = origin_texts(*context.origin);
  NameFacts facts{.width = images.pixels.size(2), .height = images.pixels.size(1), .now = context.origin->now};
  Json& list = context.ui["images"] = Json::array();
  for (; facts.batch_number < images.pixels.size(0); ++facts.batch_number) {
    context.check_cancelled();
    const std::string bytes = encode(to_picture(images.pixels, facts.batch_number), texts);
    const SavedFile saved = save_numbered(target.folder, target.prefix, target.extension, facts, bytes, context);
    list.push_back({{"filename", saved.filename}, {"subfolder", saved.subfolder}, {"type", target.type}});
  }
}

struct SaveImage final : Node {
  static constexpr NodeInfo kInfo{.name = "SaveImage",
                                  .category = "image",
                                  .help = "Saves pictures as PNG in the output folder.",
                                  .display_name = "Save Image",
                                  .is_output = true,
                                  .lane = Lane::kPool};
  In<Image> images{this, "images", "Pictures to save."};
  In<std::string> filename_prefix{this, "filename_prefix", kPrefixHelp, "ComfyUI"};

  void run(RunContext& context) override {
    save_pictures(*images, {"output", context.folders->output, *filename_prefix, ".png"},
                  [](const Picture& picture, const ImageTexts& texts) { return encode_png(picture, texts); }, context);
  }
};

struct SaveImageJPEG final : Node {
  static constexpr NodeInfo kInfo{.name = "SaveImageJPEG",
                                  .category = "image",
                                  .help = "Saves pictures as JPEG in the output folder.",
                                  .display_name = "Save Image (JPEG)",
                                  .is_output = true,
                                  .lane = Lane::kPool};
  In<Image> images{this, "images", "Pictures to save."};
  In<std::string> filename_prefix{this, "filename_prefix", kPrefixHelp, "heddle"};
  In<int64_t> quality{this, "quality", "Higher is larger and closer to the picture.", 90, between(1, 100)};

  void run(RunContext& context) override {
    const auto encode = [&](const Picture& picture, const ImageTexts& texts) {
      return encode_jpeg(picture, texts, int(*quality));
    };
    save_pictures(*images, {"output", context.folders->output, *filename_prefix, ".jpg"}, encode, context);
  }
};

struct SaveImageWebP final : Node {
  static constexpr NodeInfo kInfo{.name = "SaveImageWebP",
                                  .category = "image",
                                  .help = "Saves pictures as WebP in the output folder.",
                                  .display_name = "Save Image (WebP)",
                                  .is_output = true,
                                  .lane = Lane::kPool};
  In<Image> images{this, "images", "Pictures to save."};
  In<std::string> filename_prefix{this, "filename_prefix", kPrefixHelp, "heddle"};
  In<int64_t> quality{this, "quality", "Higher is larger and closer to the picture.", 90, between(1, 100)};
  In<bool> lossless{this, "lossless", "Keep every pixel as it is.", false};

  void run(RunContext& context) override {
    const auto encode = [&](const Picture& picture, const ImageTexts& texts) {
      return encode_webp(picture, texts, int(*quality), *lossless);
    };
    save_pictures(*images, {"output", context.folders->output, *filename_prefix, ".webp"}, encode, context);
  }
};

struct PreviewImage final : Node {
  static constexpr NodeInfo kInfo{.name = "PreviewImage",
                                  .category = "image",
                                  .help = "Shows pictures; they are kept in the temporary folder only.",
                                  .display_name = "Preview Image",
                                  .is_output = true,
                                  .lane = Lane::kPool};
  In<Image> images{this, "images", "Pictures to show."};

  void run(RunContext& context) override {
    const auto encode = [](const Picture& picture, const ImageTexts& texts) { return encode_png(picture, texts, 1); };
    save_pictures(*images, {"temp", context.folders->temp, "ComfyUI_temp", ".png"}, encode, context);
  }
};

struct MaskPreview final : Node {
  static constexpr NodeInfo kInfo{.name = "MaskPreview",
                                  .category = "mask",
                                  .help = "Shows a mask; it is kept in the temporary folder only.",
                                  .is_output = true,
                                  .lane = Lane::kPool};
  In<Mask> mask{this, "mask", "Mask to show."};

  void run(RunContext& context) override {
    const auto encode = [](const Picture& picture, const ImageTexts& texts) { return encode_png(picture, texts); };
    const Image grey{mask->values.unsqueeze(-1)};
    save_pictures(grey, {"temp", context.folders->temp, "ComfyUI_temp", ".png"}, encode, context);
  }
};

std::string latent_file(const Latent& latent, const Origin& origin) {
  std::map<std::string, std::string> metadata;
  for (const auto& [keyword, text] : origin_texts(origin)) metadata[keyword] = text;
  return weights::safetensors_bytes(
      {{"latent_tensor", latent.samples.contiguous()}, {"latent_format_version_0", at::empty({0})}}, metadata);
}

struct SaveLatent final : Node {
  static constexpr NodeInfo kInfo{.name = "SaveLatent",
                                  .category = "_for_testing",
                                  .help = "Saves a latent to a file in the output folder.",
                                  .is_output = true,
                                  .lane = Lane::kPool};
  In<Latent> samples{this, "samples", "Latent to save."};
  In<std::string> filename_prefix{this, "filename_prefix", kPrefixHelp, "latents/ComfyUI"};

  void run(RunContext& context) override {
    const SavedFile saved = save_numbered(context.folders->output, *filename_prefix, ".latent",
                                          {.now = context.origin->now}, latent_file(*samples, *context.origin), context);
    context.ui["latents"] = Json::array(
        {{{"filename", saved.filename}, {"subfolder", saved.subfolder}, {"type", "output"}}});
  }
};

struct LoadLatent final : Node {
  static constexpr NodeInfo kInfo{.name = "LoadLatent",
                                  .category = "_for_testing",
                                  .help = "Reads a latent that SaveLatent has written.",
                                  .lane = Lane::kPool};
  In<InputFile> latent{this, "latent", "Latent file beside the graph or in the input folder."};
  Out<Latent> samples{this, "LATENT"};

  void run(RunContext&) override {
    const auto file = weights::TensorFile::open(latent->path);
    if (!file->tensors().contains("latent_tensor")) {
      throw std::runtime_error("\"" + latent->name + "\" holds no latent_tensor; it was not saved by SaveLatent");
    }
    at::Tensor tensor = file->tensor("latent_tensor").to(at::kFloat).clone();
    // Files from before the format had a version hold latents in the scale of the model.
    if (!file->tensors().contains("latent_format_version_0")) tensor = tensor * (1.0 / 0.18215);
    if (tensor.dim() != 4) throw std::runtime_error("the latent in \"" + latent->name + "\" has not four dimensions");
    samples = Latent{.samples = tensor};
  }
};

}  // namespace

void register_save_nodes(Registry& registry) {
  registry.add<SaveImage>();
  registry.add<SaveImageJPEG>();
  registry.add<SaveImageWebP>();
  registry.add<PreviewImage>();
  registry.add<MaskPreview>();
  registry.add<SaveLatent>();
  registry.add<LoadLatent>();
}

}  // namespace heddle
