list(APPEND KPM_IO_SOURCES io/gpu_monitor.cpp io/gpu_nodes.cpp io/gpu_probes.cpp io/gpu_sampler.cpp io/gpu_scan.cpp io/own_folder.cpp)
