find_package(Catch2 2 REQUIRED)

# kpm_test(NAME name LABEL unit|integration|e2e SOURCES a.cpp … LIBS kpm_ipc … [TIMEOUT seconds] [ARGS for it])
# One Catch2 executable = one ctest entry. Every test runs in its own KPM_HOME (the fixtures see to it).
function(kpm_test)
    cmake_parse_arguments(T "" "NAME;LABEL;TIMEOUT" "SOURCES;LIBS;ARGS" ${ARGN})
    add_executable(${T_NAME} ${T_SOURCES})
    target_link_libraries(${T_NAME} PRIVATE kpm_options ${T_LIBS} Catch2::Catch2WithMain)
    set_target_properties(${T_NAME} PROPERTIES KPM_IS_TEST ON RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    add_test(NAME ${T_NAME} COMMAND ${T_NAME} ${T_ARGS})
    if(NOT T_TIMEOUT)
        set(T_TIMEOUT 120)
    endif()
    set_tests_properties(${T_NAME} PROPERTIES LABELS ${T_LABEL} TIMEOUT ${T_TIMEOUT}
        ENVIRONMENT "KPM_BIN_DIR=${CMAKE_BINARY_DIR}/bin;KPM_SOURCE_DIR=${CMAKE_SOURCE_DIR}")
endfunction()
