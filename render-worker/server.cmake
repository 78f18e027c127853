# The server, its program, and a client program that speaks KromoSynth's protocol.
find_package(CLI11 REQUIRED)

find_package(CURL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(ZLIB REQUIRED)

add_library(render_server STATIC
    server/any_protocol.cpp server/channel.cpp server/channel_fd.cpp server/cheaper_evaluator.cpp server/cost_line.cpp server/cost_model.cpp server/curl_library.cpp server/float_protocol.cpp server/genome_address.cpp
    server/genome_database.cpp server/genome_fetcher.cpp server/genome_library.cpp server/gpu_first_evaluator.cpp
    server/gunzip.cpp server/heartbeat.cpp server/host_info.cpp server/http_session.cpp server/idle_watch.cpp server/job_key.cpp server/kept_memory.cpp server/listener.cpp server/message_json.cpp
    server/metered_evaluator.cpp server/metrics.cpp server/notify_socket.cpp server/pcm_protocol.cpp server/protocol_choice.cpp server/render_protocol.cpp server/render_queue.cpp
    server/renderer_engine.cpp server/request_fields.cpp server/server.cpp server/strike_table.cpp server/suspects.cpp server/url_fetch.cpp server/ws_session.cpp)
target_link_libraries(render_server PUBLIC render_core render_gpu kpm_asio
    PRIVATE SQLite::SQLite3 ZLIB::ZLIB ${CMAKE_DL_LIBS})
# Loaded when it is needed (curl_library.h).
target_include_directories(render_server PRIVATE ${CURL_INCLUDE_DIRS})

add_library(render_manual STATIC manual.cpp)
target_link_libraries(render_manual PUBLIC kpm_base CLI11::CLI11)

add_executable(render-worker main.cpp command/quirk_option.cpp command/render_command.cpp)
target_link_libraries(render-worker PRIVATE render_server render_files render_manual)

add_library(render_client STATIC client/render_call.cpp)
target_link_libraries(render_client PUBLIC render_files kpm_asio nlohmann_json::nlohmann_json)
add_executable(render-client client/main.cpp)
target_link_libraries(render-client PRIVATE render_client render_manual)
