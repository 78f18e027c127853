list(APPEND KPM_CORE_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/activation.cpp
    ${CMAKE_CURRENT_LIST_DIR}/balancer.cpp
    ${CMAKE_CURRENT_LIST_DIR}/console_line.cpp
    ${CMAKE_CURRENT_LIST_DIR}/host_metrics.cpp
    ${CMAKE_CURRENT_LIST_DIR}/listen_address.cpp
    ${CMAKE_CURRENT_LIST_DIR}/line_reader.cpp
    ${CMAKE_CURRENT_LIST_DIR}/log_line.cpp
    ${CMAKE_CURRENT_LIST_DIR}/node_protocol.cpp
    ${CMAKE_CURRENT_LIST_DIR}/node_sockets.cpp
    ${CMAKE_CURRENT_LIST_DIR}/proc_stat.cpp)
