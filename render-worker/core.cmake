# Genome -> samples, pure: no I/O, no threads. Exact in double where the reference is, hence the floating-point flags:
# no contraction (fma only where the code says fma), no errno or trap bookkeeping (it changes no value).
find_package(nlohmann_json 3.11 REQUIRED)

add_library(render_core STATIC
    genome/genome_error.cpp genome/json_text.cpp genome/fields.cpp genome/network.cpp genome/patch.cpp genome/genome.cpp
    genome/network_outputs.cpp genome/audio_plan.cpp
    cppn/activations.cpp cppn/inputs.cpp cppn/compile.cpp cppn/cpu_cppn.cpp
    graph/quantum.cpp graph/audio_param.cpp graph/audio_graph.cpp graph/graph_builder.cpp
    dsp/gain.cpp dsp/oscillator.cpp dsp/buffer_source.cpp dsp/channel_merger.cpp dsp/noise.cpp dsp/wavetable.cpp
    dsp/additive.cpp dsp/output_stage.cpp
    renderer.cpp)
target_link_libraries(render_core PUBLIC kpm_base nlohmann_json::nlohmann_json)
target_compile_options(render_core PRIVATE -ffp-contract=off -fno-math-errno -fno-trapping-math
    $<$<CONFIG:Release>:-O3>)
