list(APPEND KPM_IO_SOURCES
    io/acceptor.cpp
    io/channel_reader.cpp
    io/connection_pool.cpp
    io/data_plane.cpp
    io/host_sampler.cpp
    io/listener.cpp
    io/node_apps.cpp
    io/node_channel.cpp
    io/node_pool.cpp
    io/node_pool_slots.cpp
    io/node_socket.cpp
    io/port_holder.cpp
    io/proc_sampler.cpp
    io/slot_sockets.cpp
    io/slot_turns.cpp
    io/turn_away.cpp
    io/worker_channel.cpp)
