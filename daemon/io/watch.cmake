list(APPEND KPM_IO_SOURCES io/directory_scan.cpp io/file_status.cpp io/inotify.cpp io/watch_tree.cpp io/watched_places.cpp
    io/watcher.cpp)
