list(APPEND KPM_IO_SOURCES io/probe_commands.cpp io/probe_connection.cpp io/probe_socket.cpp io/probes.cpp io/uv_host_probes.cpp)
