# Genome -> samples, pure: no I/O. Exact in double where the reference is, hence the floating-point flags:
# no contraction (fma only where the code says fma), no errno or trap bookkeeping (it changes no value).
find_package(nlohmann_json 3.11 REQUIRED)
find_path(KISSFFT_INCLUDE_DIR kissfft/kissfft.hh REQUIRED)  # a header is all that is used of it

add_library(render_core STATIC
    genome/genome_error.cpp genome/json_text.cpp genome/fields.cpp genome/network.cpp genome/patch.cpp genome/genome.cpp genome/genome_cache.cpp
    genome/network_outputs.cpp genome/audio_plan.cpp
    cppn/block_math.cpp cppn/activations.cpp cppn/inputs.cpp cppn/compile.cpp cppn/needed_slots.cpp cppn/parallel.cpp cppn/cpu_cppn.cpp
    graph/quantum.cpp graph/audio_param.cpp graph/audio_graph.cpp graph/feeds.cpp graph/node_maker.cpp
    graph/graph_builder.cpp
    dsp/gain.cpp dsp/oscillator.cpp dsp/buffer_source.cpp dsp/channel_merger.cpp dsp/noise.cpp dsp/wavetable.cpp
    dsp/additive.cpp dsp/biquad.cpp dsp/wave_shaper.cpp dsp/compressor.cpp dsp/delay_line.cpp dsp/delay.cpp
    dsp/feedback_delay.cpp dsp/real_fft.cpp dsp/partitioned_convolution.cpp dsp/convolver.cpp dsp/click_removal.cpp
    dsp/anti_aliasing.cpp dsp/output_stage.cpp dsp/quirk_table.cpp
    signal_maker.cpp summed_output.cpp renderer.cpp)
# Complex products without the search for lost infinities; there are none among the spectra of finite sounds.
set_source_files_properties(dsp/real_fft.cpp PROPERTIES COMPILE_OPTIONS -fcx-limited-range)
target_include_directories(render_core SYSTEM PUBLIC ${KISSFFT_INCLUDE_DIR})
target_link_libraries(render_core PUBLIC kpm_base nlohmann_json::nlohmann_json Threads::Threads)
target_compile_options(render_core PRIVATE -ffp-contract=off -fno-math-errno -fno-trapping-math
    $<$<CONFIG:Release>:-O3>)
kpm_alone(cppn/block_math.cpp dsp/biquad.cpp dsp/buffer_source.cpp dsp/convolver.cpp genome/network_outputs.cpp genome/patch.cpp)
