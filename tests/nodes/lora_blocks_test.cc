#include "nodes/lora_blocks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace heddle {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::vector<std::string> blocks(int side) {
  std::vector<std::string> weights{"time_embed.0.weight", "middle_block.1.proj_in.weight", "out.2.weight"};
  for (int n = 0; n < side; ++n) {
    weights.push_back("input_blocks." + std::to_string(n) + ".0.weight");
    weights.push_back("output_blocks." + std::to_string(n) + ".0.weight");
  }
  return blocks_of(weights);
}

std::string error_of(std::string_view text, int side = 12) {
  try {
    parse_block_strengths(text, blocks(side));
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "no error";
}

TEST(LoraBlocks, AreInTheOrderOfTheNetwork) {
  EXPECT_EQ(blocks(2), (std::vector<std::string>{"IN00", "IN01", "MID", "OUT00", "OUT01"}));
  EXPECT_EQ(block_of_weight("output_blocks.11.1.proj_in.weight"), "OUT11");
  EXPECT_EQ(block_of_weight("out.2.weight"), "");
}

TEST(LoraBlocks, NamesMayEndInAStarAndTheLastOneCounts) {
  const BlockStrengths s = parse_block_strengths("*:0, in4: 0.5 ,MID:+1\nOUT0*=0.8,OUT03:-2, BASE:0.3", blocks(12));
  EXPECT_EQ(s.text, 0.3);
  EXPECT_EQ(s.of_weight("input_blocks.4.1.proj_in.weight"), 0.5);
  EXPECT_EQ(s.of_weight("input_blocks.5.1.proj_in.weight"), 0);
  EXPECT_EQ(s.of_weight("middle_block.1.proj_in.weight"), 1);
  EXPECT_EQ(s.of_weight("output_blocks.2.1.proj_in.weight"), 0.8);
  EXPECT_EQ(s.of_weight("output_blocks.3.1.proj_in.weight"), -2);
  EXPECT_EQ(s.of_weight("output_blocks.10.1.proj_in.weight"), 0);
  EXPECT_EQ(s.of_weight("time_embed.0.weight"), 1);
}

TEST(LoraBlocks, WhatIsNotNamedKeepsItsStrength) {
  const BlockStrengths s = parse_block_strengths("MID:0", blocks(12));
  EXPECT_EQ(s.text, 1);
  EXPECT_EQ(s.of_weight("input_blocks.4.1.proj_in.weight"), 1);
  EXPECT_EQ(parse_block_strengths(" \n", blocks(12)).unet.size(), 0u);
}

TEST(LoraBlocks, ListsOfEveryLengthFindTheirBlocks) {
  const BlockStrengths of17 = parse_block_strengths("0.1,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,", blocks(12));
  EXPECT_EQ(of17.text, 0.1);
  EXPECT_EQ(of17.unet.at("IN00"), 0);  // no place in the list
  EXPECT_EQ(of17.unet.at("IN01"), 1);
  EXPECT_EQ(of17.unet.at("IN08"), 6);
  EXPECT_EQ(of17.unet.at("MID"), 7);
  EXPECT_EQ(of17.unet.at("OUT03"), 8);
  EXPECT_EQ(of17.unet.at("OUT11"), 16);
  const BlockStrengths of26 =
      parse_block_strengths("0,0,0,0,0,0,0,0,0,0,0,0,12,13,14,0,0,0,0,0,0,0,0,0,0,25", blocks(12));
  EXPECT_EQ(of26.unet.at("IN11"), 12);
  EXPECT_EQ(of26.unet.at("MID"), 13);
  EXPECT_EQ(of26.unet.at("OUT00"), 14);
  EXPECT_EQ(of26.unet.at("OUT11"), 25);
  const BlockStrengths of12 = parse_block_strengths("1,2,3,4,5,6,7,8,9,10,11,12", blocks(9));
  EXPECT_EQ(of12.unet.at("IN04"), 2);
  EXPECT_EQ(of12.unet.at("MID"), 6);
  EXPECT_EQ(of12.unet.at("OUT05"), 12);
  const BlockStrengths of20 = parse_block_strengths("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20", blocks(9));
  EXPECT_EQ(of20.unet.at("IN00"), 2);
  EXPECT_EQ(of20.unet.at("MID"), 11);
  EXPECT_EQ(of20.unet.at("OUT08"), 20);
}

TEST(LoraBlocks, WhatIsWrongIsSaidInWords) {
  EXPECT_THAT(error_of("1,1,1"),
              AllOf(HasSubstr("a list of 3 numbers does not fit this model"), HasSubstr("17 numbers (BASE, IN01")));
  EXPECT_THAT(error_of("1,2,3,4,5,6,7,8,9,10,11,12"), HasSubstr("17 numbers"));  // a list for SDXL
  EXPECT_THAT(error_of("1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1", 9), HasSubstr("takes 12 numbers"));
  EXPECT_THAT(error_of("1,1", 3), HasSubstr("name the blocks"));
  EXPECT_THAT(error_of("1,1,x1,1,1,1,1,1,1,1,1,1,1,1,1,1,1"), HasSubstr("\"1\" has no strength"));
  EXPECT_THAT(error_of("1,1,1.0.0,1,1,1,1,1,1,1,1,1,1,1,1,1,1"), HasSubstr("number 3 (IN02): \"1.0.0\" is no number"));
  EXPECT_THAT(error_of("MID:strong"), HasSubstr("\"MID\": \"strong\" is no number from -100 to 100"));
  EXPECT_THAT(error_of("MID:nan"), HasSubstr("is no number"));
  EXPECT_THAT(error_of("MID:1e9"), HasSubstr("is no number from -100 to 100"));
  EXPECT_THAT(error_of("IN10:1", 9), AllOf(HasSubstr("this model has no block \"IN10\""), HasSubstr("IN00 to OUT08")));
  EXPECT_THAT(error_of("IN00 0.5"), HasSubstr("has no strength; write NAME:NUMBER"));
}

}  // namespace
}  // namespace heddle
