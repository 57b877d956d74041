# Tests that are more than one room's: tidy, the simulator, and scenarios against the running program.
# Labels: unit fuzz tidy sim scenario threads.

# tools/tidy on the tree and on this build's archives, and proof that each of its checks can fail.
add_test(NAME tidy COMMAND ${CMAKE_SOURCE_DIR}/tools/tidy ${CMAKE_BINARY_DIR})
add_test(NAME tidy_selftest COMMAND ${CMAKE_SOURCE_DIR}/test/tidy/run)
set_tests_properties(tidy tidy_selftest PROPERTIES LABELS tidy TIMEOUT 300
    ENVIRONMENT "CC=${CMAKE_C_COMPILER}")

# The reference pages are what the sources say.
add_test(NAME docs_fresh COMMAND ${CMAKE_SOURCE_DIR}/tools/docs --check)
set_tests_properties(docs_fresh PROPERTIES LABELS tidy TIMEOUT 60)

# The pages: types, unit tests, and calls that are those of the API's document.
foreach(what types test api-check)
    add_test(NAME web_${what} COMMAND ${CMAKE_SOURCE_DIR}/tools/web ${what})
    set_tests_properties(web_${what} PROPERTIES LABELS unit TIMEOUT 300 RUN_SERIAL ON)
endforeach()

# The simulator: test/sim/*.c is one program over the pure rooms, run here with the stored seeds.
file(GLOB sim_sources CONFIGURE_DEPENDS test/sim/*.c)
if(sim_sources AND TARGET room_core)
    add_executable(sapa_sim ${sim_sources})
    target_link_libraries(sapa_sim PRIVATE room_core)
    if(TARGET room_report)
        target_link_libraries(sapa_sim PRIVATE room_report)
    endif()
    add_test(NAME sim COMMAND sapa_sim --seeds ${CMAKE_SOURCE_DIR}/test/sim/seeds.txt)
    set_tests_properties(sim PROPERTIES LABELS sim TIMEOUT 900)
endif()

# The folds of reports over what the real core writes.
if(TARGET room_core AND TARGET room_report)
    add_executable(report_core test/report/core_folds.c)
    target_link_libraries(report_core PRIVATE room_core room_report)
    add_test(NAME report_core COMMAND report_core)
    set_tests_properties(report_core PROPERTIES LABELS sim TIMEOUT 300)
endif()

# What scenarios listen with: the share of a tone in a WAV file.
add_executable(sapa_tone test/lib/tone.c)
target_link_libraries(sapa_tone PRIVATE m)

# Scenarios: each test/sipp/<NN-name>/run and test/scenario/<name>/run starts the program itself, with
# SAPA_BIN and SAPA_BUILD set, in a directory of its own. Exit 0 good, 77 skipped.
if(TARGET sapa)
    file(GLOB scenarios CONFIGURE_DEPENDS test/sipp/*/run test/scenario/*/run)
    foreach(scenario ${scenarios})
        get_filename_component(folder ${scenario} DIRECTORY)
        get_filename_component(name ${folder} NAME)
        get_filename_component(kind ${folder} DIRECTORY)
        get_filename_component(kind ${kind} NAME)
        set(work ${CMAKE_BINARY_DIR}/scenario/${kind}_${name})
        file(MAKE_DIRECTORY ${work})
        add_test(NAME ${kind}_${name} COMMAND ${scenario} WORKING_DIRECTORY ${work})
        file(STRINGS ${scenario} beside REGEX "^# runs beside others")
        if(beside)
            set(alone OFF)
        else()
            set(alone ON)
        endif()
        set_tests_properties(${kind}_${name} PROPERTIES LABELS scenario TIMEOUT 600
            RUN_SERIAL ${alone} SKIP_RETURN_CODE 77
            ENVIRONMENT "SAPA_BIN=$<TARGET_FILE:sapa>;SAPA_BUILD=${CMAKE_BINARY_DIR};SAPA_SOURCE_DIR=${CMAKE_SOURCE_DIR}")
    endforeach()
endif()

# Measurements: each bench/*.c is a program; bench/run puts them together (make bench).
if(NOT SAPA_SANITIZE)
    file(GLOB benches CONFIGURE_DEPENDS bench/*.c)
    foreach(bench ${benches})
        get_filename_component(name ${bench} NAME_WE)
        if(NOT TARGET ${name})
            add_executable(${name} ${bench})
            foreach(room app crowd media channel_voice channel_prompt store_sqlite store config core report speech sip sdp rtp model rt base)
                if(TARGET room_${room})
                    target_link_libraries(${name} PRIVATE room_${room})
                endif()
            endforeach()
        endif()
    endforeach()
endif()
