# add_room(NAME SOURCES ... LINKS ...): one library per room, with our warnings on our code only.
# add_room_test(NAME SOURCES ... LINKS ... [LABELS ...]): one test program; every test of it runs in a process of its own,
# because SimGrid allows one engine per process.
add_library(jevons_warnings INTERFACE)
target_compile_options(jevons_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wold-style-cast
                                                 -Wnon-virtual-dtor $<$<BOOL:${JEVONS_WERROR}>:-Werror>
                                                 $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)  # False alarm of GCC 12 on std::string +.

function(add_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;LINKS" ${ARGN})
  add_library(jevons_${name} STATIC ${ROOM_SOURCES})
  add_library(jevons::${name} ALIAS jevons_${name})
  target_include_directories(jevons_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
                                                   $<INSTALL_INTERFACE:include/jevons>)
  target_link_libraries(jevons_${name} PUBLIC ${ROOM_LINKS} PRIVATE $<BUILD_INTERFACE:jevons_warnings>)
  set_target_properties(jevons_${name} PROPERTIES EXPORT_NAME ${name})
  set_property(GLOBAL APPEND PROPERTY JEVONS_ROOMS jevons_${name})
endfunction()

function(add_room_test name)
  cmake_parse_arguments(TEST "" "" "SOURCES;LINKS;LABELS" ${ARGN})
  add_executable(${name} ${TEST_SOURCES})
  target_link_libraries(${name} PRIVATE ${TEST_LINKS} jevons_warnings GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE JEVONS_SOURCE_DIR="${PROJECT_SOURCE_DIR}" JEVONS_BINARY_DIR="${PROJECT_BINARY_DIR}")
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300 LABELS "${TEST_LABELS}")
endfunction()
