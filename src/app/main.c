/**
 * @file app/main.c
 * One program, many commands: the first word of the command line chooses.
 */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "app/commands.h"
#include "app/serve.h"

#ifndef SAPA_VERSION
#define SAPA_VERSION "development"
#endif

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *text;
} commands[] = {
    { "serve", sapa_serve_main, "run the centre" },
    { "top", sapa_top_main, "live screen: queues, callers, agents" },
    { "contacts", sapa_contacts_main, "list who is in the centre now, or the last that were" },
    { "why", sapa_why_main, "why a contact waits, or why an agent was passed over" },
    { "report", sapa_report_main, "queues and agents by quarter of an hour and by day" },
    { "verify", sapa_verify_main, "check the log, and that every number follows from it" },
    { "replay", sapa_replay_main, "take every decision of the log again and compare" },
    { "check", sapa_check_main, "check a centre description" },
    { "switch", sapa_switch_main, "surge on or off, closed on or off" },
    { "config", sapa_config_main, "plan, apply, export and restore versions of the centre description" },
    { "reload", sapa_reload_main, "take what has changed in the centre description; calls go on" },
    { "recording", sapa_recording_main, "list recordings, or write one to a WAV file" },
    { "token", sapa_token_main, "create, list and revoke tokens of the API" },
    { "user", sapa_user_main, "list people who log in, set their passwords, lock them out" },
    { "shifts", sapa_shifts_main, "plans of shifts in and out as CSV, and the day of an agent" },
    { "number", sapa_number_main, "what becomes of a telephone number, and of which kind it is" },
    { "api", sapa_api_main, "ask the API of the running centre: METHOD PATH [BODY]" },
    { "erase", sapa_erase_main, "erase a person for good" },
    { "merge", sapa_merge_main, "say that two persons are one, or take that back" },
    { "crowd", sapa_crowd_main, "simulated customers and agents over real SIP and RTP" },
    { "openapi", sapa_openapi_main, NULL }, /* prints docs/ref/openapi.json */
    { "control", sapa_control_main, NULL }, /* children of serve */
    { "media", sapa_media_command, NULL },
};

static int usage(FILE *out)
{
    fputs("Sapa, a contact centre in one program.\n\nUsage: sapa COMMAND [OPTIONS]   (sapa COMMAND --help tells more)\n\n", out);
    for (size_t i = 0; i < SAPA_COUNT(commands); i++) {
        if (commands[i].text)
            fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].text);
    }
    return out == stderr ? SAPA_EXIT_USAGE : SAPA_EXIT_OK;
}

static int command_of(int argc, char **argv)
{
    for (size_t i = 0; i < SAPA_COUNT(commands); i++) {
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    }
    fprintf(stderr, "sapa: there is no command \"%s\" (sapa help lists them)\n", argv[1]);
    return SAPA_EXIT_USAGE;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    /* Large blocks go back to the kernel when they are freed; left alone, glibc keeps ever larger ones (snapshots, tables). */
    mallopt(M_MMAP_THRESHOLD, 128 * 1024);
    if (argc < 2)
        return usage(stderr);
    if (strcmp(argv[1], "help") == 0 && argc > 2) { /* "sapa help top" is "sapa top --help" */
        char *words[] = { argv[0], argv[2], "--help", NULL };
        return command_of(3, words);
    }
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0)
        return usage(stdout);
    if (strcmp(argv[1], "version") == 0 || strcmp(argv[1], "--version") == 0) {
        puts("sapa " SAPA_VERSION);
        return SAPA_EXIT_OK;
    }
    return command_of(argc, argv);
}
