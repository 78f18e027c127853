# Static: one checksum is no reason to load a library.
find_library(ZLIB_STATIC_LIBRARY NAMES libz.a REQUIRED)
list(APPEND KPM_IO_SOURCES
    io/keeper_link.cpp io/process_identity.cpp io/process_scan.cpp io/process_tree.cpp io/spawn_request.cpp io/state_log_format.cpp
    io/state_memfd.cpp io/user_lookup.cpp)
list(APPEND KPM_IO_LIBS ${ZLIB_STATIC_LIBRARY})
