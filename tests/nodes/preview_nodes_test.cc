// What is shown, joined and read again: previews in the temporary folder, batches, sheets, saved pictures.
#include <gmock/gmock.h>

#include "engine/image_file.h"
#include "nodes/picture_tensor.h"
#include "tests/nodes/run_node.h"
#include "tests/nodes/workshop.h"

namespace heddle {
namespace {

using test::graph_of;
using test::image;
using test::literal;
using test::NodeWorkshop;
using test::run_node;

at::Tensor flat(double value, int64_t height = 2, int64_t width = 3) { return at::full({1, height, width, 3}, value); }

std::string one_colour(const std::string& tail) {
  return R"({"1": {"class_type": "EmptyImage", "inputs": {"width": 3, "height": 2, "batch_size": 2, "color": 8421504}},)" +
         tail + "}";
}

std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& file : std::filesystem::directory_iterator(folder)) files.push_back(file.path());
  return files;
}

TEST(Previews, PicturesGoToTheTemporaryFolderAlone) {
  NodeWorkshop w;
  w.run(one_colour(R"("2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}})"));
  const auto files = files_in(w.workshop.folders.temp);
  ASSERT_EQ(files.size(), 2u);
  EXPECT_TRUE(at::allclose(picture_colours(read_pictures(files[0])[0]), flat(128 / 255.0)));
  EXPECT_FALSE(std::filesystem::exists(w.workshop.folders.output));
}

TEST(Previews, MasksAreGreyPictures) {
  NodeWorkshop w;
  w.run(R"({"1": {"class_type": "SolidMask", "inputs": {"value": 0.2, "width": 3, "height": 2}},
            "2": {"class_type": "MaskPreview", "inputs": {"mask": ["1", 0]}}})");
  const auto files = files_in(w.workshop.folders.temp);
  ASSERT_EQ(files.size(), 1u);
  EXPECT_TRUE(at::allclose(picture_colours(read_pictures(files[0])[0]), flat(51 / 255.0)));
}

TEST(Previews, ASavedPictureIsReadOutOfTheOutputFolder) {
  NodeWorkshop w;
  w.run(one_colour(R"("2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "grey"}})"));
  const Graph graph = graph_of(R"({"1": {"class_type": "LoadImageOutput", "inputs": {"image": "grey_00001_.png"}}})");
  EXPECT_TRUE(at::allclose(w.value<Image>(graph, "1", 0).pixels, flat(128 / 255.0)));
}

TEST(ImageSheets, TheSecondOfABatchTakesTheSizeOfTheFirst) {
  const at::Tensor both = run_node("ImageBatch", {{"image1", image(flat(0))}, {"image2", image(flat(1, 8, 6))}}).pixels();
  EXPECT_TRUE(at::equal(both, at::cat({flat(0), flat(1)})));
}

TEST(ImageSheets, AreFilledRowByRowWithWhiteBetween) {
  const at::Tensor three = at::cat({flat(0.1, 1, 1), flat(0.2, 1, 1), flat(0.3, 1, 1)});
  const at::Tensor sheet =
      run_node("ImageGrid", {{"images", image(three)}, {"columns", literal(2)}, {"gap", literal(1)}}).pixels();
  const at::Tensor expected = at::tensor({0.1, 1.0, 0.2, 1.0, 1.0, 1.0, 0.3, 1.0, 1.0}, at::kFloat).reshape({3, 3});
  EXPECT_TRUE(at::equal(sheet[0].select(2, 0), expected));
}

TEST(ImageSheets, InvertedColoursAreWhatIsMissingToWhite) {
  EXPECT_TRUE(at::equal(run_node("ImageInvert", {{"image", image(flat(0.25))}}).pixels(), flat(0.75)));
}

}  // namespace
}  // namespace heddle
