# Sources of sim/observe and of the KV cache, for sim/CMakeLists.txt: they need base and the headers of topologies only.
set(JEVONS_SIM_OBSERVE_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/observe/audit_compare.cc
    ${CMAKE_CURRENT_LIST_DIR}/observe/audit_gpus.cc
    ${CMAKE_CURRENT_LIST_DIR}/observe/audit_guests.cc
    ${CMAKE_CURRENT_LIST_DIR}/observe/audit_shares.cc
    ${CMAKE_CURRENT_LIST_DIR}/observe/audit_power.cc
    ${CMAKE_CURRENT_LIST_DIR}/observe/audit_requests.cc
    ${CMAKE_CURRENT_LIST_DIR}/observe/auditor.cc
    ${CMAKE_CURRENT_LIST_DIR}/observe/metrics.cc
    ${CMAKE_CURRENT_LIST_DIR}/serving/kv_cache.cc)
