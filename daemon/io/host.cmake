list(APPEND KPM_IO_SOURCES io/child_setup.cpp io/daemon_log.cpp io/descriptor_room.cpp io/file_access.cpp io/input_queue.cpp io/listener_pools.cpp
    io/message_channel.cpp io/node_agent.cpp io/node_count.cpp io/node_drain.cpp io/node_preload.cpp io/oom_kills.cpp io/package_version.cpp
    io/pid_file.cpp io/usable_cpus.cpp io/uv_host.cpp io/version_probe.cpp io/uv_host_events.cpp io/uv_host_messages.cpp io/uv_host_workers.cpp)
