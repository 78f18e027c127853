list(APPEND KPM_CORE_SOURCES glob.cpp glob_class.cpp glob_syntax.cpp own_files.cpp path_regex.cpp watch_filter.cpp)
