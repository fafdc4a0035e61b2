#include "nodes/lora_tags.h"

#include <gmock/gmock.h>

#include "engine/run_context.h"

namespace heddle {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(LoraTags, AreTakenOutInOrder) {
  const TaggedText tagged = split_lora_tags("a <lora:ink:0.8> house<lora:sub/two:-1:.5>, <lora:plain> day");
  EXPECT_EQ(tagged.text, "a  house,  day");
  ASSERT_EQ(tagged.tags.size(), 3u);
  EXPECT_EQ(tagged.tags[0].name, "ink");
  EXPECT_EQ(tagged.tags[0].strength_clip, 0.8);
  EXPECT_EQ(tagged.tags[1].strength_model, -1);
  EXPECT_EQ(tagged.tags[1].strength_clip, 0.5);
  EXPECT_EQ(tagged.tags[2].strength_model, 1);
}

TEST(LoraTags, WhatIsNoTagStays) {
  for (const char* text : {"a < b", "<lora:unclosed", "<hypernet:x:1>", "lora:ink:1"}) {
    EXPECT_EQ(split_lora_tags(text).text, text);
    EXPECT_FALSE(has_lora_tag(text));
  }
}

TEST(LoraTags, AWeightThatIsNoNumberIsAnError) {
  EXPECT_THAT([] { split_lora_tags("<lora:ink:strong>"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("<lora:ink:strong> is not a number")));
  EXPECT_THROW(split_lora_tags("<lora:ink:inf>"), std::invalid_argument);
  EXPECT_THROW(split_lora_tags("<lora::1>"), std::invalid_argument);
}

TEST(LoraTags, NameAFileByPathOrStem) {
  const std::vector<std::string> files{"a/ink.safetensors", "candy.safetensors", "b/candy.pt"};
  EXPECT_EQ(find_lora("ink", files), "a/ink.safetensors");
  EXPECT_EQ(find_lora("a/ink", files), "a/ink.safetensors");
  EXPECT_EQ(find_lora("a/ink.safetensors", files), "a/ink.safetensors");
  EXPECT_EQ(find_lora("candy", files), "candy.safetensors") << "a whole path counts before a stem in a folder";
  EXPECT_EQ(find_lora("candy.pt", files), "b/candy.pt");
}

TEST(LoraTags, UnknownAndAmbiguousNamesAreErrorsWithTheNearest) {
  EXPECT_THAT([] { find_lora("inc", {"ink.safetensors"}); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("did you mean \"ink\"?")));
  EXPECT_THAT([] { find_lora("x", {"a/x.pt", "b/x.pt"}); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("fits several files: a/x.pt, b/x.pt")));
}

}  // namespace
}  // namespace heddle
