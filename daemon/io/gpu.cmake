list(APPEND KPM_IO_SOURCES io/gpu_scan.cpp)
