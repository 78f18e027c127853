find_package(Catch2 2 REQUIRED)

# kpm_test(NAME name LABEL unit|integration|e2e SOURCES a_test.cpp … LIBS kpm_ipc … [TIMEOUT seconds] [ARGS for it] [PER_FILE])
# One Catch2 executable = one ctest entry; PER_FILE: each of its files is one, e2e_a for a_test.cpp. Fewer programs
# take less time to build than many. Every test runs in its own KPM_HOME (the fixtures see to it).
function(kpm_test)
    cmake_parse_arguments(T "PER_FILE" "NAME;LABEL;TIMEOUT" "SOURCES;LIBS;ARGS" ${ARGN})
    add_executable(${T_NAME} ${T_SOURCES})
    target_link_libraries(${T_NAME} PRIVATE kpm_options ${T_LIBS} Catch2::Catch2WithMain)
    set_target_properties(${T_NAME} PROPERTIES KPM_IS_TEST ON RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    set(names ${T_NAME})
    if(T_PER_FILE)
        set(names)
        foreach(source ${T_SOURCES})
            cmake_path(GET source STEM file)
            string(REGEX REPLACE "_test$" "" name ${T_LABEL}_${file})
            # Catch2's tag of all cases of a file.
            add_test(NAME ${name} COMMAND ${T_NAME} --filenames-as-tags --warn NoTests "[#${file}]" ${T_ARGS})
            list(APPEND names ${name})
        endforeach()
    else()
        add_test(NAME ${T_NAME} COMMAND ${T_NAME} ${T_ARGS})
    endif()
    if(NOT T_TIMEOUT)
        set(T_TIMEOUT 120)
    endif()
    set_tests_properties(${names} PROPERTIES LABELS ${T_LABEL} TIMEOUT ${T_TIMEOUT}
        ENVIRONMENT "KPM_BIN_DIR=${CMAKE_BINARY_DIR}/bin;KPM_SOURCE_DIR=${CMAKE_SOURCE_DIR}")
endfunction()
