list(APPEND KPM_IO_SOURCES
    io/connection_pool.cpp
    io/data_plane.cpp
    io/host_sampler.cpp
    io/listener.cpp
    io/port_holder.cpp
    io/proc_sampler.cpp
    io/worker_channel.cpp)
