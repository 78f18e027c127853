list(APPEND KPM_IO_SOURCES
    io/app_file.cpp
    io/console_log.cpp
    io/log_feed.cpp
    io/log_file.cpp
    io/log_loop.cpp
    io/log_pump.cpp
    io/log_session.cpp io/open_log_files.cpp)
