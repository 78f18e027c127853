list(APPEND KPM_CORE_SOURCES drm_usage.cpp gpu_breaker.cpp gpu_device.cpp gpu_monitor_line.cpp gpu_placement.cpp gpu_probe.cpp supervisor_gpu.cpp)
