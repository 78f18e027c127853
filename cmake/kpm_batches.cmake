# The debug build compiles several source files of a target as one: most of what a file costs is reading the headers, and
# the tests' build is what everybody waits for. The release build compiles each alone, so that each has its own includes.
option(KPM_BATCHES "Compile several source files as one" ${KPM_SANITIZE})
if(KPM_BATCHES)
    set(CMAKE_UNITY_BUILD ON)
    set(CMAKE_UNITY_BUILD_BATCH_SIZE 6)
endif()

# kpm_alone(files…): their names (in unnamed namespaces, or as macros of a library) would meet those of others.
function(kpm_alone)
    set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()
