# The GPU backend. Headers of EGL and OpenGL ES are needed to build it, their libraries are not: it loads them itself.
find_path(EGL_INCLUDE_DIR EGL/egl.h REQUIRED)
find_path(GLES_INCLUDE_DIR GLES3/gl32.h REQUIRED)

set(shader_dir ${CMAKE_CURRENT_LIST_DIR}/gpu/shaders)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
    ${shader_dir}/coefficients.glsl ${shader_dir}/activations.glsl ${shader_dir}/interpreter.comp)
file(READ ${shader_dir}/coefficients.glsl KPM_COEFFICIENTS)
file(READ ${shader_dir}/activations.glsl KPM_ACTIVATIONS)
file(READ ${shader_dir}/interpreter.comp KPM_INTERPRETER)
configure_file(${CMAKE_CURRENT_LIST_DIR}/gpu/shader_text.h.in
    ${CMAKE_CURRENT_BINARY_DIR}/generated/render-worker/gpu/shader_text.h @ONLY)

add_library(render_gpu STATIC
    gpu/chunk_size.cpp
    gpu/device_id.cpp
    gpu/device_selector.cpp
    gpu/egl_devices.cpp
    gpu/gl_api.cpp
    gpu/gles_cppn.cpp
    gpu/gpu_buffer.cpp
    gpu/gpu_context.cpp
    gpu/gpu_error.cpp
    gpu/interpreter_program.cpp
    gpu/network_table.cpp
    gpu/portable_math.cpp
    gpu/probe.cpp
    gpu/shader_source.cpp)
target_include_directories(render_gpu PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/generated)
target_include_directories(render_gpu SYSTEM PUBLIC ${EGL_INCLUDE_DIR} ${GLES_INCLUDE_DIR})
target_compile_definitions(render_gpu PUBLIC EGL_NO_X11)
target_link_libraries(render_gpu PUBLIC kpm_base render_core ${CMAKE_DL_LIBS})
# The text shared with the shader must round after every operation, as `precise` makes the GPU do.
set_source_files_properties(gpu/portable_math.cpp PROPERTIES COMPILE_OPTIONS -ffp-contract=off)
