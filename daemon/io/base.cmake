list(APPEND KPM_IO_SOURCES io/before_wait.cpp io/control_server.cpp io/loop.cpp io/poll_fd.cpp io/poll_set.cpp io/signals.cpp io/socket_listener.cpp
    io/stream.cpp io/small_file.cpp io/timer.cpp io/zone_file.cpp)
