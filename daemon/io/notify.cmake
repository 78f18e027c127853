list(APPEND KPM_IO_SOURCES io/notify_receiver.cpp io/notify_socket.cpp)
