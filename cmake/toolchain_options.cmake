set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

option(PGMIRROR_TESTS "Build the tests" ON)
option(PGMIRROR_BENCH "Build the benchmarks" OFF)
option(PGMIRROR_FUZZ "Build the libFuzzer targets (needs clang)" OFF)
set(PGMIRROR_SANITIZE "" CACHE STRING "Sanitizers to build with, for example address,undefined or thread")

find_program(PGMIRROR_CCACHE ccache)
if(PGMIRROR_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${PGMIRROR_CCACHE})
endif()

find_program(PGMIRROR_MOLD mold)
if(PGMIRROR_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

include_directories(${CMAKE_SOURCE_DIR})

# -Wno-restrict: g++ 12 sees overlaps in std::string that cannot be (GCC bug 105651).
# Every target of ours links to this one; third-party headers come in as SYSTEM and stay quiet.
add_library(pgmirror_options INTERFACE)
target_compile_options(pgmirror_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Wold-style-cast
  -Woverloaded-virtual -Wnull-dereference -Wdouble-promotion -Wimplicit-fallthrough -Wno-missing-field-initializers $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  -fstack-protector-strong)
# Not for those who only build the program: another compiler, or another level of optimisation, warns of other things.
if(PGMIRROR_TESTS OR PGMIRROR_FUZZ)
  target_compile_options(pgmirror_options INTERFACE -Werror)
endif()
target_compile_definitions(pgmirror_options INTERFACE PGMIRROR_VERSION="${PROJECT_VERSION}" SPDLOG_FMT_EXTERNAL)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_definitions(pgmirror_options INTERFACE _FORTIFY_SOURCE=2)
else()
  target_compile_definitions(pgmirror_options INTERFACE _GLIBCXX_ASSERTIONS)
endif()
add_link_options(-Wl,-z,relro,-z,now)

if(PGMIRROR_SANITIZE)
  target_compile_options(pgmirror_options INTERFACE -fsanitize=${PGMIRROR_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  # What the sanitizers insert makes g++ 12 warn of what the standard library leaves unset on purpose.
  target_compile_options(pgmirror_options INTERFACE -Wno-maybe-uninitialized)
  add_link_options(-fsanitize=${PGMIRROR_SANITIZE})
  if(PGMIRROR_SANITIZE MATCHES "thread")
    # ThreadSanitizer does not see fences. Asio's stand beside its own locks; ours orders reads of what another process
    # writes.
    target_compile_options(pgmirror_options INTERFACE -Wno-tsan)
  endif()
endif()

if(PGMIRROR_FUZZ)
  target_compile_options(pgmirror_options INTERFACE -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
endif()
