# What is written to disk: sounds as WAV, plots as SVG.
find_package(ZLIB REQUIRED)

add_library(render_files STATIC files/new_file.cpp files/plot.cpp files/png.cpp files/read_file.cpp files/spectrogram.cpp files/wav.cpp)
kpm_alone(files/png.cpp)
target_link_libraries(render_files PUBLIC kpm_base render_core PRIVATE ZLIB::ZLIB)
