# The server, its program, and a client program that speaks KromoSynth's protocol.
find_package(Boost 1.74 REQUIRED)
find_package(CLI11 REQUIRED)

# Header-only Asio and Beast; SYSTEM, so that their code is compiled without this project's warnings.
add_library(render_asio INTERFACE)
target_include_directories(render_asio SYSTEM INTERFACE ${Boost_INCLUDE_DIRS})
target_compile_definitions(render_asio INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_DATE_TIME)
target_link_libraries(render_asio INTERFACE Threads::Threads)

add_library(render_server STATIC
    server/channel.cpp server/channel_fd.cpp server/gpu_first_evaluator.cpp server/http_session.cpp server/idle_watch.cpp
    server/listener.cpp server/pcm_protocol.cpp server/render_queue.cpp server/renderer_engine.cpp server/server.cpp
    server/ws_session.cpp)
target_link_libraries(render_server PUBLIC render_core render_gpu render_asio)

add_executable(render-worker main.cpp)
target_link_libraries(render-worker PRIVATE render_server CLI11::CLI11)

add_library(render_client STATIC client/render_call.cpp client/wav.cpp)
target_link_libraries(render_client PUBLIC kpm_base render_asio nlohmann_json::nlohmann_json)
add_executable(render-client client/main.cpp)
target_link_libraries(render-client PRIVATE render_client CLI11::CLI11)
