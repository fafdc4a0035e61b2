# heddle_library(NAME FOLDERS...): a static library of the .cc files directly in the FOLDERS, main.cc excepted.
function(heddle_library name)
  set(sources)
  foreach(folder ${ARGN})
    file(GLOB found CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.cc)
    list(APPEND sources ${found})
  endforeach()
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  add_library(${name} STATIC ${sources})
  heddle_options(${name})
endfunction()

# What every target of ours has in common: includes from the root of the repository, and warnings. Fields that are not
# named in an initializer have defaults, which is what they are left out for.
function(heddle_options name)
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_compile_options(${name} PRIVATE -Wall -Wextra -Wno-missing-field-initializers $<$<BOOL:${HEDDLE_WERROR}>:-Werror>)
endfunction()

# As heddle_library, with libtorch. Its headers take seconds to compile, so one library precompiles them for all.
function(heddle_torch_library name folder)
  heddle_library(${name} ${folder})
  heddle_torch_options(${name})
endfunction()

function(heddle_torch_options name)
  # SYSTEM: libtorch's headers are not ours to warn about.
  target_include_directories(${name} SYSTEM PUBLIC ${TORCH_INCLUDE_DIRS})
  target_link_libraries(${name} PUBLIC ${TORCH_LIBRARIES})
  if(name STREQUAL "diffusion")
    target_precompile_headers(${name} PRIVATE <ATen/ATen.h>)
  elseif(TARGET diffusion)
    target_precompile_headers(${name} REUSE_FROM diffusion)
  endif()
endfunction()

# heddle_embed(TARGET FILE SYMBOL): the bytes of FILE as `extern "C" const char SYMBOL[], SYMBOL_end[]`.
function(heddle_embed target file symbol)
  set(source ${CMAKE_BINARY_DIR}/embed/${symbol}.cc)
  set(path ${CMAKE_SOURCE_DIR}/${file})
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT [[
__asm__(".section .rodata\n.global @symbol@\n.global @symbol@_end\n"
        "@symbol@:\n.incbin \"@path@\"\n@symbol@_end:\n.byte 0\n.previous\n");
]])
  target_sources(${target} PRIVATE ${source})
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS ${path} SKIP_PRECOMPILE_HEADERS ON)
endfunction()

# heddle_tests(NAME FOLDER LIBRARIES...): one test program of the *_test.cc files directly in FOLDER.
function(heddle_tests name folder)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*_test.cc)
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  heddle_options(${name})
  target_compile_definitions(${name} PRIVATE HEDDLE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${ARGN} GTest::gmock)
  add_test(NAME ${name} COMMAND ${name})
endfunction()
