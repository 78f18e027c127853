# Headers that most files read, compiled once for all of them: a fifth of what such a file costs in the debug build. The
# release build reads them in each file, so that each has its own includes.
# Those who share them must have the same flags: kpm's sources, tests, and tests that only drive programs do not.
set(kpm_common_headers <nlohmann/json.hpp> <fmt/format.h> <algorithm> <chrono> <filesystem> <functional> <map> <memory>
    <optional> <set> <span> <string> <string_view> <variant> <vector>)

function(kpm_compile_headers name)
    cmake_parse_arguments(H "" "KIND" "ALSO;LIBS;DEFINITIONS" ${ARGN})
    file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/headers/${name}.cpp CONTENT "")
    add_library(${name} OBJECT ${CMAKE_BINARY_DIR}/headers/${name}.cpp)
    target_link_libraries(${name} PRIVATE kpm_options ${H_LIBS})
    target_compile_definitions(${name} PRIVATE ${H_DEFINITIONS})
    if(H_KIND)
        set_target_properties(${name} PROPERTIES ${H_KIND} ON)
    endif()
    target_precompile_headers(${name} PRIVATE ${kpm_common_headers} ${H_ALSO})
endfunction()

if(KPM_BATCHES)
    kpm_compile_headers(kpm_headers)
    foreach(kind TEST DRIVER)
        kpm_compile_headers(kpm_headers_${kind} KIND KPM_IS_${kind} ALSO <catch2/catch.hpp> LIBS Catch2::Catch2
            DEFINITIONS CATCH_CONFIG_FAST_COMPILE)
    endforeach()
endif()

# kpm_use_headers(target… [KIND TEST|DRIVER])
function(kpm_use_headers)
    cmake_parse_arguments(H "" "KIND" "" ${ARGN})
    if(KPM_BATCHES)
        set(from kpm_headers)
        if(H_KIND)
            set(from kpm_headers_${H_KIND})
        endif()
        foreach(target ${H_UNPARSED_ARGUMENTS})
            target_precompile_headers(${target} REUSE_FROM ${from})
            target_compile_definitions(${target} PRIVATE $<TARGET_PROPERTY:${from},COMPILE_DEFINITIONS>)
        endforeach()
    endif()
endfunction()
