// What LoRAs cost, and that it makes no difference where they are computed.
#include <ATen/ATen.h>
#include <c10/core/CPUAllocator.h>
#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <mutex>
#include <unordered_map>

#include "nodes/weights/safetensors.h"
#include "tests/nodes/workshop.h"

namespace heddle {
namespace {

using test::NodeWorkshop;

// Counts the bytes of all tensors that are alive.
class CountingAllocator final : public c10::Allocator {
 public:
  CountingAllocator() : inner_(c10::GetCPUAllocator()) { c10::SetCPUAllocator(this, 1); }
  ~CountingAllocator() override { c10::SetCPUAllocator(inner_, 1); }

  at::DataPtr allocate(size_t bytes) override {
    void* const address = bytes == 0 ? nullptr : std::aligned_alloc(kAlignment, (bytes + kAlignment - 1) / kAlignment * kAlignment);
    const std::lock_guard lock(mutex_);
    if (address) sizes_[address] = bytes;
    alive_ += bytes;
    return {address, address, &free, at::kCPU};
  }
  void copy_data(void* to, const void* from, size_t bytes) const override { inner_->copy_data(to, from, bytes); }
  c10::DeleterFnPtr raw_deleter() const override { return &free; }
  static size_t alive() {
    const std::lock_guard lock(mutex_);
    return alive_;
  }

 private:
  static constexpr size_t kAlignment = 64;
  static void free(void* address) {
    const std::lock_guard lock(mutex_);
    const auto found = sizes_.find(address);
    if (found == sizes_.end()) return;
    alive_ -= found->second;
    sizes_.erase(found);
    std::free(address);
  }
  static inline std::mutex mutex_;
  static inline std::unordered_map<void*, size_t> sizes_;
  static inline size_t alive_ = 0;
  c10::Allocator* inner_;
};

constexpr size_t kCrumbs = 4096;  // small tensors that a library may keep

const char* const kGraph = R"({
  "ckpt": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "mini_sd15.safetensors"}},
  "lora": {"class_type": "LoraLoader", "inputs": {"model": ["ckpt", 0], "clip": ["ckpt", 1], "lora_name": "sd15_kohya.safetensors",
           "strength_model": 0.8, "strength_clip": 1}},
  "text": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["lora", 1], "text": "a cat"}},
  "latent": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}},
  "sample": {"class_type": "KSampler", "inputs": {"model": ["lora", 0], "positive": ["text", 0], "negative": ["text", 0],
             "latent_image": ["latent", 0], "seed": 1, "steps": 2, "cfg": 1, "sampler_name": "euler", "scheduler": "normal", "denoise": 1}}
})";

class LoraModes : public ::testing::Test {
 protected:
  LoraModes() {
    w_.add_model("checkpoints", "mini_sd15.safetensors", "checkpoints/mini_sd15.spec.json");
    for (const std::string name : {"sd15_kohya", "sd15_lokr", "sd15_diff"}) {
      w_.add_model("loras", name + ".safetensors", "lora/files/" + name + ".spec.json");
    }
  }
  Graph graph(double strength, const std::string& lora = "sd15_kohya") {
    Graph graph = test::graph_of(kGraph);
    test::input_of(graph, "lora.strength_model").literal = strength;
    test::input_of(graph, "lora.lora_name").literal = lora + ".safetensors";
    return graph;
  }
  Model model(double strength, const std::string& lora = "sd15_kohya") {
    return w_.value<Model>(graph(strength, lora), "lora", 0);
  }

  static Model placed(const Model& model, weights::Placement placement) {
    Model other = model;
    other.weights.placement = placement;
    return with_patches(other, other.weights.patches);
  }
  static at::Tensor guess(const Model& model) {
    const auto network = model.network->get({});
    const at::Tensor x = at::linspace(-1, 1, 4 * 8 * 8).reshape({1, 4, 8, 8});
    const at::Tensor context = at::linspace(-2, 2, 77 * 128).reshape({1, 77, 128});
    return network->forward(x, at::full({1}, 500.0f), context, {});
  }

  NodeWorkshop w_;
};

TEST_F(LoraModes, MergedAndBesideGiveTheSameGuess) {
  const Model lora = model(0.8);
  const at::Tensor merged = guess(placed(lora, weights::Placement::kMerged));
  const at::Tensor beside = guess(placed(lora, weights::Placement::kBeside));
  const at::Tensor chosen = guess(lora);
  const double spread = merged.std().item<double>();
  EXPECT_LT(test::max_difference(merged, beside), 2e-5 * spread);
  EXPECT_LT(test::max_difference(merged, chosen), 2e-5 * spread);
  EXPECT_GT(test::max_difference(merged, guess(w_.value<Model>(graph(0.8), "ckpt", 0))), 0.05 * spread);
}

TEST_F(LoraModes, OffAndOnAgainGivesTheFirstBytes) {
  const auto sampled = [&](double strength) {
    w_.cache.clear();
    return w_.value<Latent>(graph(strength), "sample", 0).samples;
  };
  const at::Tensor off = sampled(0), on = sampled(0.8);
  EXPECT_FALSE(at::equal(off, on));
  EXPECT_TRUE(at::equal(sampled(0), off));
  EXPECT_TRUE(at::equal(sampled(0.8), on));
  EXPECT_TRUE(at::equal(sampled(-0.0), off));
}

TEST_F(LoraModes, AnotherStrengthReadsNothingOfTheCheckpointAgain) {
  const Model first = model(0.8), second = model(0.3);
  const auto network = first.network->get({});
  const CountingAllocator counting;
  second.network->get({});
  EXPECT_LE(counting.alive(), kCrumbs);
}

/// The bytes of all matrices of a LoRA's changes, as its file has them.
size_t bytes_of(const weights::Patches& changes) {
  size_t bytes = 0;
  for (const auto& [name, patches] : changes) {
    for (const weights::Patch& patch : patches) bytes += weights::bytes_of(patch);
  }
  return bytes;
}

TEST_F(LoraModes, TenVariantsCostTenTimesTheLora) {
  const Model base = w_.value<Model>(graph(1), "ckpt", 0);
  base.network->get({});
  const CountingAllocator counting;
  std::vector<Model> variants;
  size_t counted = 0;
  for (int k = 1; k <= 10; ++k) {
    variants.push_back(model(0.1 * k));
    variants.back().network->get({});
    counted += SocketType<Model>::bytes(variants.back());
    EXPECT_EQ(variants.back().weights.shared().owner, base.weights.shared().owner);
  }
  const Clip clip = w_.value<Clip>(graph(1), "lora", 1);
  const size_t lora = bytes_of(*variants[0].weights.patches);
  const size_t text = bytes_of(*clip.encoders[0].weights.patches);  // which come from the same file
  EXPECT_EQ(counted, 10 * lora);
  EXPECT_LE(counting.alive(), 10 * (lora + text) + (1 << 16));
  EXPECT_LT(counted, base.weights.shared().bytes * 10 / 5);
}

/// A LoRA of rank 16 in fp32 on every matrix of the U-Net's attention.
void write_full_lora(const weights::NamesAndShapes& unet, const std::filesystem::path& path) {
  std::map<std::string, at::Tensor> lora;
  for (const auto& [name, shape] : unet) {
    if (name.find(".attn") == name.npos || !name.ends_with(".weight") || shape.size() != 2) continue;
    const std::string layer = "diffusion_model." + name.substr(0, name.size() - 7);
    lora[layer + ".lora_up.weight"] = at::full({shape[0], 16}, 0.01f);
    lora[layer + ".lora_down.weight"] = at::full({16, shape[1]}, 0.01f);
  }
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << weights::safetensors_bytes(lora, {});
}

TEST_F(LoraModes, TenVariantsOfAWholeCheckpointCostTenTimesTheLora) {
  if (!std::getenv("HEDDLE_LONG_TESTS")) GTEST_SKIP() << "a checkpoint of 2 GB; HEDDLE_LONG_TESTS=1 runs it";
  w_.add_model("checkpoints", "sd15_full.safetensors", "checkpoints/sd15_full.spec.json");
  const auto graph_at = [&](double strength) {
    Graph graph = this->graph(strength, "full");
    test::input_of(graph, "ckpt.ckpt_name").literal = "sd15_full.safetensors";
    return graph;
  };
  Cache roomy(make_memory_store(uint64_t{8} << 30), nullptr);  // the checkpoint is kept, as it is on a user's machine
  w_.workshop.cache = &roomy;
  const CountingAllocator counting;
  const Model base = w_.value<Model>(graph_at(1), "ckpt", 0);
  write_full_lora(base.weights.names_and_shapes(), w_.folder / "models/loras/full.safetensors");
  base.network->get({});
  const size_t checkpoint = counting.alive();
  EXPECT_NEAR(double(checkpoint), 4.0 * 859'520'964, 1e6);  // the parameters of its U-Net
  std::vector<Model> variants;
  for (int k = 1; k <= 10; ++k) {
    variants.push_back(w_.value<Model>(graph_at(0.1 * k), "lora", 0));
    variants.back().network->get({});
  }
  const size_t lora = bytes_of(*variants[0].weights.patches);
  EXPECT_GT(lora, size_t{10} << 20);
  EXPECT_LE(counting.alive() - checkpoint, 10 * lora + (1 << 20));
}

TEST_F(LoraModes, OnlyMergedWeightsAreCopied) {
  const Model base = w_.value<Model>(graph(1), "ckpt", 0);
  const Model lokr = model(1, "sd15_lokr");
  base.network->get({});
  const CountingAllocator counting;
  lokr.network->get({});
  size_t merged = 0;
  for (const auto& [name, patches] : *lokr.weights.patches) {
    merged += size_t(c10::multiply_integers(lokr.weights.names_and_shapes().at(name))) * sizeof(float);
  }
  EXPECT_GE(counting.alive(), merged);
  EXPECT_LE(counting.alive(), merged + kCrumbs);
  EXPECT_LT(merged, base.weights.shared().bytes / 20);
}

}  // namespace
}  // namespace heddle
