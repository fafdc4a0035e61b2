#include "engine/base64.h"
#include "tests/server/v1_testing.h"

namespace heddle::server::test {
namespace {

constexpr const char* kHello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";  // of "hello"

TEST(V1Blobs, AnUploadIsFoundByItsHash) {
  V1Site v1;
  const Response posted = v1.post("/v1/blobs", "hello");
  EXPECT_EQ(posted.status, 201);
  EXPECT_EQ(parse_json(posted.body),
            Json({{"sha256", kHello}, {"bytes", 5}, {"url", std::string("/v1/blobs/") + kHello}}));
  EXPECT_EQ(v1.post("/v1/blobs", "hello").status, 200);
  const Response got = v1.get(std::string("/v1/blobs/") + kHello);
  ASSERT_TRUE(got.file);
  EXPECT_EQ(*got.file, v1.folder / (std::string("blobs/2c/") + (kHello + 2)));
  EXPECT_THAT(header_of(got, "Cache-Control"), HasSubstr("immutable"));
  EXPECT_EQ(header_of(got, "ETag"), std::string("\"") + kHello + "\"");
}

TEST(V1Blobs, AHashThatIsAnotherIsRefused) {
  V1Site v1;
  const std::string address = std::string("/v1/blobs/") + kHello;
  const Response wrong = v1.send("PUT", address, "hallo");
  EXPECT_EQ(wrong.status, 422);
  EXPECT_THAT(wrong.body, HasSubstr("not " + std::string(kHello)));
  EXPECT_EQ(v1.get(address).status, 404);
  EXPECT_EQ(v1.send("PUT", address, "hello").status, 201);
  EXPECT_EQ(v1.send("PUT", "/v1/blobs/..%2F..%2Fx", "hello").status, 422);
  EXPECT_EQ(v1.get("/v1/blobs/..%2F..%2Fx").status, 404);
}

TEST(V1Blobs, OneThatIsTooLargeIsRefused) {
  V1Site v1;
  v1.site.max_upload = 4;
  EXPECT_EQ(v1.post("/v1/blobs", "hello").status, 413);
}

TEST(V1Blobs, APictureGoesIntoAJobByItsHash) {
  V1Site v1;
  const std::string hash = parse_json(v1.post("/v1/blobs", *base64_decoded(pixel_base64())).body)["sha256"];
  const Json job = v1.run(R"({"1": {"class_type": "Copy", "inputs": {"image": {"blob": ")" + hash + R"("}}}})");
  EXPECT_EQ(job["state"], "succeeded") << job.dump();
  const Json graph = parse_json(v1.get(job["url"].get<std::string>() + "/graph").body);
  EXPECT_EQ(graph["1"]["inputs"]["image"], "blobs/" + hash + ".png");
  EXPECT_TRUE(std::filesystem::exists(v1.folder / ("input/blobs/" + hash + ".png")));
}

TEST(V1Blobs, AnUnknownBlobIsAProblemOfItsSocket) {
  V1Site v1;
  const Response response = v1.post(
      "/v1/jobs", R"({"1": {"class_type": "Copy", "inputs": {"image": {"blob": ")" + std::string(kHello) + R"("}}}})");
  EXPECT_EQ(response.status, 422);
  const Json problem = parse_json(response.body)["problems"][0];
  EXPECT_EQ(problem["kind"], "unknown_blob");
  EXPECT_EQ(problem["socket"], "image");
  EXPECT_EQ(v1.post("/v1/jobs", R"({"1": {"class_type": "Copy", "inputs": {"image": {"base64": "***"}}}})").status,
            422);
}

TEST(V1Blobs, AnOutputIsKnownByItsHash) {
  V1Site v1;
  v1.run(kSaveGraph);
  const Response response = v1.get(std::string("/v1/blobs/") + kHello);
  ASSERT_TRUE(response.file) << response.body;
  EXPECT_EQ(*response.file, v1.folder / "output/note_1.txt");
}

TEST(Base64, ReadsWhatPeopleSend) {
  EXPECT_EQ(base64_decoded("aGVsbG8="), "hello");
  EXPECT_EQ(base64_decoded("aGVsbG8"), "hello");
  EXPECT_EQ(base64_decoded("aGVs\r\nbG8=\n"), "hello");
  EXPECT_EQ(base64_decoded("data:image/png;base64,aGVsbG8="), "hello");
  EXPECT_EQ(base64_decoded("-_8"), base64_decoded("+/8="));
  EXPECT_EQ(base64_decoded(""), "");
  EXPECT_FALSE(base64_decoded("a"));
  EXPECT_FALSE(base64_decoded("a*=="));
  EXPECT_FALSE(base64_decoded("data:image/png,xx"));
}

}  // namespace
}  // namespace heddle::server::test
