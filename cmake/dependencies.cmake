# Every dependency is a Debian bookworm package (debian/control is the list that installs them).
find_package(Threads REQUIRED)
find_package(Boost 1.74 REQUIRED COMPONENTS iostreams graph)
find_package(Protobuf 3.21 REQUIRED)
find_package(fmt 9 CONFIG REQUIRED)
find_package(CLI11 2.1 CONFIG REQUIRED)
find_package(yaml-cpp 0.7 CONFIG REQUIRED)
find_package(simdjson 3 CONFIG REQUIRED)
find_package(nlohmann_json 3.11 CONFIG REQUIRED)
find_package(GSL 2.7 REQUIRED)  # Fits of constants (validation/fit.h).
find_package(PkgConfig REQUIRED)
pkg_check_modules(SIMGRID REQUIRED IMPORTED_TARGET GLOBAL simgrid>=3.32)
pkg_check_modules(CLP REQUIRED IMPORTED_TARGET GLOBAL clp>=1.17)  # Linear programs (policies/training_queue/max_min_lp.cc).
if(JEVONS_TESTS)
  find_package(GTest 1.12 REQUIRED)
endif()
if(JEVONS_BENCH)
  find_package(benchmark 1.7 CONFIG REQUIRED)
endif()
