# Flags that every target of this project is compiled with (target kpm_options), and the two ways to link.
option(KPM_SANITIZE "AddressSanitizer, UndefinedBehaviorSanitizer and libstdc++ assertions" OFF)

add_library(kpm_options INTERFACE)
# g++ 12 takes the alternatives that a moved std::variant does not hold for uninitialised values.
# Designated initialisers leave members at their defaults on purpose; g++ 12 warns about that under -Wextra.
target_compile_options(kpm_options INTERFACE -Wall -Wextra -Wshadow -Wconversion -Werror
    -Wno-maybe-uninitialized -Wno-missing-field-initializers -fno-omit-frame-pointer)
target_include_directories(kpm_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(kpm_options INTERFACE KPM_VERSION="${PROJECT_VERSION}")
set(CMAKE_CXX_FLAGS_DEBUG "-Og -g1")
# Small, not fast: a command is mostly the start of its program, the daemon mostly waits, and what both take of either is
# pages of code; -O2 makes twice as many. What computes has -O2 (render-worker/, ipc/base/,
# daemon/core/).
set(CMAKE_CXX_FLAGS_RELEASE "-Os -DNDEBUG")

if(KPM_SANITIZE)
    # Compiling is most of what a test run takes, and the checks are half of compiling. kpm's sources have them in every
    # program and test, but those for null (AddressSanitizer sees the access that follows) and alignment (a third of the
    # code, of no effect on the processors that are built for). The tests' own code has AddressSanitizer alone, and what
    # only drives programs (end to end) has none: the programs have.
    set(test "$<BOOL:$<TARGET_PROPERTY:KPM_IS_TEST>>")
    set(driver "$<BOOL:$<TARGET_PROPERTY:KPM_IS_DRIVER>>")
    target_compile_options(kpm_options INTERFACE
        $<$<NOT:${driver}>:-fsanitize=address>
        $<$<NOT:$<OR:${test},${driver}>>:-fsanitize=undefined$<SEMICOLON>-fno-sanitize=null,alignment$<SEMICOLON>-fno-sanitize-recover=undefined>
        $<$<OR:${test},${driver}>:-O0>)
    target_compile_definitions(kpm_options INTERFACE _GLIBCXX_ASSERTIONS)
    # Of shared libraries these programs need what the release build needs, so that their packages can be tested, too.
    target_link_options(kpm_options INTERFACE -fsanitize=address,undefined
        -static-libasan -static-libubsan -static-libstdc++ -static-libgcc
        # For UBSan, whose library comes behind libstdc++'s.
        LINKER:--undefined=_ZTIN10__cxxabiv121__vmi_class_type_infoE,--undefined=__dynamic_cast)
else()
    # A program that starts in the time of a C program loads as few shared libraries as it can, and none of
    # what it does not use.
    target_compile_options(kpm_options INTERFACE -ffunction-sections -fdata-sections)
    target_link_options(kpm_options INTERFACE -static-libstdc++ -static-libgcc -Wl,--gc-sections)
endif()

find_package(Threads REQUIRED)
find_library(UV_STATIC_LIBRARY NAMES libuv_a.a libuv.a REQUIRED)
add_library(kpm_uv INTERFACE)
target_link_libraries(kpm_uv INTERFACE ${UV_STATIC_LIBRARY} Threads::Threads ${CMAKE_DL_LIBS})

find_package(fmt REQUIRED)  # its headers; ipc/base/fmt_library.cpp is the rest of it

# Header-only Asio and Beast; SYSTEM, so that their code is compiled without this project's warnings.
find_package(Boost 1.74 REQUIRED)
add_library(kpm_asio INTERFACE)
target_include_directories(kpm_asio SYSTEM INTERFACE ${Boost_INCLUDE_DIRS})
target_compile_definitions(kpm_asio INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_DATE_TIME)
target_link_libraries(kpm_asio INTERFACE Threads::Threads)
