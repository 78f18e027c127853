list(APPEND KPM_CORE_SOURCES gpu_device.cpp)
