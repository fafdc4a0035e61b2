// Tiny AutoEncoder against a second writing of it: a torch Sequential, layer by layer.
#include "nodes/diffusion/taesd.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/nodes/diffusion/network_fixtures.h"

namespace heddle::diffusion {
namespace {

using ::testing::HasSubstr;
using test::Tensors;

constexpr double kScale = 0.18215;

// One letter a layer: Limit, Convolution, Rectifier, Block, Halving convolution, Doubling,
// convolution without biAs.
constexpr const char* kEncoder = "CBHBBBHBBBHBBBC";
constexpr const char* kDecoder = "LCRBBBDABBBDABBBDABC";

class Sequential {
 public:
  Sequential(Tensors tensors, std::string prefix, std::string layers)
      : tensors_(std::move(tensors)), prefix_(std::move(prefix)), layers_(std::move(layers)) {}

  Tensor operator()(Tensor x) const {
    for (size_t i = 0; i < layers_.size(); ++i) x = layer(x, layers_[i], prefix_ + std::to_string(i));
    return x;
  }

 private:
  Tensor layer(const Tensor& x, char kind, const std::string& name) const {
    if (kind == 'L') return 3 * at::tanh(x / 3);
    if (kind == 'R') return at::relu(x);
    if (kind == 'D') return at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)});
    if (kind != 'B') return conv(x, name, kind == 'H' ? 2 : 1);
    Tensor h = at::relu(conv(x, name + ".conv.0", 1));
    h = at::relu(conv(h, name + ".conv.2", 1));
    return at::relu(conv(h, name + ".conv.4", 1) + x);
  }
  Tensor conv(const Tensor& x, const std::string& name, int64_t stride) const {
    const auto bias = tensors_.find(name + ".bias");
    return at::conv2d(x, tensors_.at(name + ".weight"),
                      bias == tensors_.end() ? Tensor() : bias->second, stride, 1);
  }

  Tensors tensors_;
  std::string prefix_, layers_;
};

Tensors random_tensors(int64_t width = 8) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(uint64_t(3));
  Tensors tensors;
  const auto conv = [&](const std::string& name, int64_t in, int64_t out, bool bias) {
    tensors[name + ".weight"] = at::randn({out, in, 3, 3}, generator, at::kFloat) * 0.15;
    if (bias) tensors[name + ".bias"] = at::randn({out}, generator, at::kFloat) * 0.1;
  };
  const auto half = [&](const std::string& prefix, const std::string& layers, int64_t in, int64_t out) {
    for (size_t i = 0; i < layers.size(); ++i) {
      const std::string name = prefix + std::to_string(i);
      const bool is_first = layers.find('C') == i, is_last = i + 1 == layers.size();
      if (layers[i] == 'C') conv(name, is_first ? in : width, is_last ? out : width, true);
      if (layers[i] == 'H' || layers[i] == 'A') conv(name, width, width, false);
      for (const char* inside : {".conv.0", ".conv.2", ".conv.4"}) {
        if (layers[i] == 'B') conv(name + inside, width, width, true);
      }
    }
  };
  half("taesd_encoder.", kEncoder, 3, 4);
  half("taesd_decoder.", kDecoder, 4, 3);
  return tensors;
}

Vae tiny(const Tensors& tensors) { return Vae(read_tiny_network(as_weights(tensors), kScale, {})); }

Tensor uniform(at::IntArrayRef shape) {
  return at::rand(shape, at::make_generator<at::CPUGeneratorImpl>(uint64_t(5)), at::kFloat);
}

class TaesdTest : public OneThread {};

TEST_F(TaesdTest, EncodesAndDecodesLayerByLayer) {
  const Tensors tensors = random_tensors();
  const Vae vae = tiny(tensors);
  EXPECT_EQ(vae.latent_channels(), 4);
  EXPECT_EQ(vae.scale(), 8);

  const Tensor image = uniform({2, 16, 24, 3});
  const Tensor encoded = Sequential(tensors, "taesd_encoder.", kEncoder)(image.permute({0, 3, 1, 2}));
  EXPECT_LT(test::max_difference(vae.encode(image), encoded / kScale), 1e-4);

  const Tensor latent = (uniform({2, 4, 3, 2}) - 0.5) * 40;
  const Tensor decoded = Sequential(tensors, "taesd_decoder.", kDecoder)(latent * kScale);
  const Tensor picture = decoded.permute({0, 2, 3, 1}).clamp(0, 1);
  EXPECT_LT(test::max_difference(vae.decode(latent), picture), 1e-5);
  EXPECT_GT(picture.std().item<double>(), 0.05) << "not all black or white";
}

TEST_F(TaesdTest, GivesTheSameBytesOnTwoThreads) {
  const Vae vae = tiny(random_tensors());
  const Tensor latent = uniform({1, 4, 40, 72});
  const Tensor one = vae.decode(latent);
  const WithThreads two(2);
  EXPECT_TRUE(at::equal(vae.decode(latent), one));
}

TEST_F(TaesdTest, DamagedFilesAreNamedByTheirTensors) {
  Tensors tensors = random_tensors();
  tensors.erase("taesd_decoder.12.weight");
  EXPECT_THAT(error_of([&] { tiny(tensors); }),
              HasSubstr("Tiny AutoEncoder: tensor taesd_decoder.12.weight"));
  tensors = random_tensors();
  tensors["taesd_encoder.15.weight"] = at::zeros({1});
  EXPECT_THAT(error_of([&] { tiny(tensors); }), HasSubstr("taesd_encoder.15.weight"));
}

TEST_F(TaesdTest, PixelSpaceChangesNothing) {
  const Vae vae(pixel_space_network());
  const Tensor image = uniform({1, 3, 5, 3});
  EXPECT_TRUE(at::equal(vae.encode(image), image.permute({0, 3, 1, 2}) * 2 - 1));
  EXPECT_LT(test::max_difference(vae.decode(vae.encode(image)), image), 1e-6);
}

}  // namespace
}  // namespace heddle::diffusion
