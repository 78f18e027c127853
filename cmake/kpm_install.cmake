# cmake --install: what a user calls is in bin, what kpm calls itself in libexec (cli/own_programs.h looks there).
# Components:
#   kpm        the programs, manual pages, docs/, completions
#   pm2-names  kpm's programs under pm2's names for them: for images, and not where pm2 itself may be installed
#   render     the worker and its client
#   debian     what only the Debian package of kpm has (kpm_package.cmake)
include(GNUInstallDirs)

# Pages, completions and the unit, written by the programs that they describe.
set(KPM_SHARE ${CMAKE_BINARY_DIR}/share)
set(kpm_pages man1/kpm.1 man1/kpm-dev.1 man1/kpm-runtime.1 man8/kpmd.8 man8/kpm-keeper.8)
set(render_pages man1/render-worker.1 man1/render-client.1)
list(TRANSFORM kpm_pages PREPEND ${KPM_SHARE}/man/)
list(TRANSFORM render_pages PREPEND ${KPM_SHARE}/man/)
set(kpm_completions ${KPM_SHARE}/bash-completion/completions/kpm ${KPM_SHARE}/zsh/_kpm
    ${KPM_SHARE}/fish/vendor_completions.d/kpm.fish)
set(kpm_unit ${KPM_SHARE}/systemd/kpm@.service)
add_custom_command(OUTPUT ${kpm_pages} ${kpm_completions} ${kpm_unit}
    COMMAND kpm-manual ${KPM_SHARE} /usr
    DEPENDS kpm-manual VERBATIM)
foreach(program render-worker render-client)
    add_custom_command(OUTPUT ${KPM_SHARE}/man/man1/${program}.1
        COMMAND ${CMAKE_COMMAND} -E make_directory ${KPM_SHARE}/man/man1
        COMMAND ${program} --man-page > ${KPM_SHARE}/man/man1/${program}.1
        DEPENDS ${program} VERBATIM)
endforeach()
set(compressed)
foreach(page ${kpm_pages} ${render_pages})
    add_custom_command(OUTPUT ${page}.gz COMMAND gzip -9nkf ${page} DEPENDS ${page} VERBATIM)
    list(APPEND compressed ${page}.gz)
endforeach()
add_custom_target(manual ALL DEPENDS ${compressed} ${kpm_completions} ${kpm_unit})

# What is installed and run; the rest is for its developers.
add_custom_target(programs DEPENDS kpm kpmd kpm-gpu-monitor kpm-keeper kpm-serve render-worker render-client manual)

install(TARGETS kpm RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT kpm)
foreach(name kpm-dev kpm-runtime)
    install(FILES ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/${name} DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT kpm)
endforeach()
foreach(name pm2-dev pm2-runtime pm2-docker)
    install(FILES ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/${name} DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT pm2-names
        EXCLUDE_FROM_ALL)  # there they would take the place of PM2's own
endforeach()
install(TARGETS kpmd kpm-gpu-monitor kpm-keeper kpm-serve RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/kpm
    COMPONENT kpm)
install(TARGETS render-worker render-client RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT render)

foreach(page ${kpm_pages})
    string(REGEX REPLACE ".*/(man[18])/.*" "\\1" folder ${page})
    install(FILES ${page}.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/${folder} COMPONENT kpm)
endforeach()
foreach(page ${render_pages})
    install(FILES ${page}.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT render)
endforeach()
# The pages that manuals and --help name: docs/config.md and others.
set(KPM_DOC ${CMAKE_INSTALL_DATADIR}/doc)
install(DIRECTORY docs/ DESTINATION ${KPM_DOC}/kpm COMPONENT kpm
    PATTERN render-worker.md EXCLUDE PATTERN tour.svg EXCLUDE)
install(FILES docs/render-worker.md docs/gpu.md DESTINATION ${KPM_DOC}/kpm-render COMPONENT render)
install(FILES ${KPM_SHARE}/bash-completion/completions/kpm
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT kpm)
install(FILES ${KPM_SHARE}/fish/vendor_completions.d/kpm.fish
    DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT kpm)
# Debian's zsh looks for those of packages elsewhere.
install(FILES ${KPM_SHARE}/zsh/_kpm DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions COMPONENT zsh)
