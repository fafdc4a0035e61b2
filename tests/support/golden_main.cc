// main() of the tests that compare with goldens.
#include <gmock/gmock.h>

#include <cstdlib>

// The goldens come from a machine on which MKL took the code that every processor can run. Its roots and logarithms end in
// other bits than those for AVX-512, and where a level lies half-way between two timesteps the last bit decides which one
// the network is asked for. MKL_CBWR=AUTO in the environment runs the tests on what this processor does best.
int main(int argc, char** argv) {
  setenv("MKL_CBWR", "COMPATIBLE", /*overwrite=*/0);
  ::testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
