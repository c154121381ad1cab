# What `cmake --install` puts where, so that another project can say
#
#   find_package(jevons 0.1 CONFIG REQUIRED)
#   target_link_libraries(mine PRIVATE jevons::jevons)      # Or a single room: jevons::apps, jevons::sim, ...
#
# Headers keep their paths under include/jevons ("sim/simulation.h"), generated ones included; catalogues are compiled in.
# While the version is 0.x a new minor version may break its users, so only the same minor version is compatible.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

get_property(jevons_rooms GLOBAL PROPERTY JEVONS_ROOMS)
set(jevons_config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/jevons)

# Everything together, with what keeps a user's results the same as ours (cmake/toolchain.cmake).
add_library(jevons_umbrella INTERFACE)
add_library(jevons::jevons ALIAS jevons_umbrella)
set_target_properties(jevons_umbrella PROPERTIES EXPORT_NAME jevons)
target_compile_features(jevons_umbrella INTERFACE cxx_std_20)
target_compile_options(jevons_umbrella INTERFACE -ffp-contract=off)
target_link_libraries(jevons_umbrella INTERFACE ${jevons_rooms})

install(TARGETS ${jevons_rooms} jevons_umbrella EXPORT jevons_targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(TARGET jevons)
  install(TARGETS jevons RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

foreach(room base traces topologies policies sim report experiments validation)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${room} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/jevons
          FILES_MATCHING PATTERN "*.h")
endforeach()
install(FILES ${PROJECT_SOURCE_DIR}/apps/command_line.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/jevons/apps OPTIONAL)
install(DIRECTORY ${PROJECT_BINARY_DIR}/generated/proto DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/jevons FILES_MATCHING PATTERN "*.pb.h")

install(EXPORT jevons_targets NAMESPACE jevons:: DESTINATION ${jevons_config_dir} FILE jevonsTargets.cmake)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/jevonsConfig.cmake.in ${PROJECT_BINARY_DIR}/jevonsConfig.cmake
                              INSTALL_DESTINATION ${jevons_config_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/jevonsConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/jevonsConfig.cmake ${PROJECT_BINARY_DIR}/jevonsConfigVersion.cmake
        DESTINATION ${jevons_config_dir})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
