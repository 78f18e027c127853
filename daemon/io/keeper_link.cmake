find_package(ZLIB REQUIRED)
list(APPEND KPM_IO_SOURCES
    io/keeper_link.cpp io/process_scan.cpp io/process_tree.cpp io/spawn_request.cpp io/state_log_format.cpp
    io/state_memfd.cpp io/user_lookup.cpp)
list(APPEND KPM_IO_LIBS ZLIB::ZLIB)
