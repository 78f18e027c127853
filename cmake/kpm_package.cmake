# `make deb` and `make npm`: packages of the release build's programs, in build/release/packages.
set(KPM_MAINTAINER "the kpm authors <authors@kpm.invalid>" CACHE STRING "Maintainer of the Debian packages")

# --- Debian: CPack, one package for kpm and one for the worker ---
set(deb ${CMAKE_SOURCE_DIR}/packaging/deb)
string(TIMESTAMP today "%a, %d %b %Y %H:%M:%S +0000" UTC)
foreach(package kpm kpm-render)
    set(folder ${CMAKE_BINARY_DIR}/deb/${package})
    file(WRITE ${folder}/changelog "${package} (${PROJECT_VERSION}) unstable; urgency=medium\n\n"
        "  * Version ${PROJECT_VERSION}.\n\n -- ${KPM_MAINTAINER}  ${today}\n")
    execute_process(COMMAND gzip -9nf ${folder}/changelog COMMAND_ERROR_IS_FATAL ANY)
endforeach()

install(FILES ${deb}/copyright ${CMAKE_BINARY_DIR}/deb/kpm/changelog.gz DESTINATION share/doc/kpm
    COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES ${deb}/kpm.lintian-overrides DESTINATION share/lintian/overrides RENAME kpm
    COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES ${kpm_unit} DESTINATION lib/systemd/system COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES ${KPM_SHARE}/zsh/_kpm DESTINATION share/zsh/vendor-completions COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES ${deb}/copyright ${CMAKE_BINARY_DIR}/deb/kpm-render/changelog.gz
    DESTINATION share/doc/kpm-render COMPONENT debian-render EXCLUDE_FROM_ALL)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_COMPONENTS_ALL kpm debian render debian-render)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER ${KPM_MAINTAINER})
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)  # libc6 only, in the version that what is used of it needs
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")  # each has its own

set(CPACK_DEBIAN_KPM_PACKAGE_NAME kpm)
set(CPACK_DEBIAN_KPM_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_KPM_PACKAGE_SUGGESTS "nodejs, kpm-render")
set(CPACK_DEBIAN_KPM_PACKAGE_CONTROL_EXTRA ${deb}/postinst ${deb}/prerm ${deb}/postrm)
set(CPACK_DEBIAN_KPM_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_KPM_DESCRIPTION
"process manager with PM2's commands, options and files
Starts apps in any language and keeps them running: restarts with limits and
backoff, log files, health probes, restarts by cron, watching of files.
Balances connections over the workers of a cluster app, and replaces them
without a moment in which nobody serves. The daemon itself can be replaced
while apps run.")
set(CPACK_DEBIAN_KPM-RENDER_PACKAGE_NAME kpm-render)
set(CPACK_DEBIAN_KPM-RENDER_PACKAGE_SECTION sound)
set(CPACK_DEBIAN_KPM-RENDER_PACKAGE_DEPENDS libcurl4)  # loaded at run time, so not found by itself
set(CPACK_DEBIAN_KPM-RENDER_PACKAGE_RECOMMENDS "kpm, libegl1")  # EGL is loaded when there is one
set(CPACK_DEBIAN_KPM-RENDER_PACKAGE_SUGGESTS "libgl1-mesa-dri")
set(CPACK_DEBIAN_KPM-RENDER_DESCRIPTION
"renders KromoSynth genomes to sound
A server that renders genomes to PCM over WebSocket, on a GPU through OpenGL
ES compute, or exactly, in double precision, on the CPU; and a client for it.
Several of them behind one port are an app of kpm.")
include(CPack)
cpack_add_component(kpm GROUP kpm)
cpack_add_component(debian GROUP kpm)
cpack_add_component(render GROUP kpm-render)
cpack_add_component(debian-render GROUP kpm-render)
cpack_add_component_group(kpm)
cpack_add_component_group(kpm-render)

# --- npm: the component kpm as it is installed, with a package.json ---
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
    set(KPM_NPM_CPU x64)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
    set(KPM_NPM_CPU arm64)
else()
    set(KPM_NPM_CPU ${CMAKE_SYSTEM_PROCESSOR})
endif()
configure_file(packaging/npm/package.json.in ${CMAKE_BINARY_DIR}/npm/package.json @ONLY)
