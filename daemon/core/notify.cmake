list(APPEND KPM_CORE_SOURCES lifecycle_notify.cpp notify_message.cpp)
