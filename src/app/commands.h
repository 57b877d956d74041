/**
 * @file app/commands.h
 * The commands of the program and what they share: usage errors, exit codes, help.
 *
 * Room    app.   Thread  main.
 */
#ifndef SAPA_APP_COMMANDS_H
#define SAPA_APP_COMMANDS_H

#include "app/options.h"
#include "model/vocab.h"

/* What the shell sees. */
enum {
    SAPA_EXIT_OK = 0,
    SAPA_EXIT_FAILED = 1, /* it was tried and did not work, or what was checked is not right */
    SAPA_EXIT_USAGE = 2,  /* the command line or the centre description is wrong */
    SAPA_EXIT_LOST = 3,   /* verify: good, but something was lost by a fault that the log itself states */
};

/**
 * Parse the options of a command. "--help" prints them.
 * @return -1 to go on, else the exit code to leave with
 */
int sapa_command_options(const char *command, int argc, char **argv, const struct sapa_option *options,
                         size_t option_count, const char **positional, size_t positional_max,
                         size_t *ret_positional_count);

/**
 * The folder that commands mean when none is named: $SAPA_DATA, else of sapa-data and build/demo the
 * one whose centre runs, of two such or none the one started last, else sapa-data.
 */
const char *sapa_data_default(void);

/** Say what is wrong with the command line and return SAPA_EXIT_USAGE. */
int sapa_command_wrong(const char *command, const char *fmt, ...) SAPA_PRINTF(2, 3);

struct sapa_greeting {
    const char *data, *centre, *secrets; /* paths */
    const char *sip, *url;               /* where it listens; `url` of the API, "" none */
    bool crowd, pages;
    uint64_t simulated;                  /* the first so many agents: their phones are the crowd's */
};
/** The lines that `make run` ends with: numbers to call, phones to register, commands to try. */
void sapa_demo_greeting(const struct sapa_greeting *g);

int sapa_top_main(int argc, char **argv);
int sapa_report_main(int argc, char **argv);
int sapa_why_main(int argc, char **argv);
int sapa_replay_main(int argc, char **argv);
int sapa_verify_main(int argc, char **argv);
int sapa_check_main(int argc, char **argv);
int sapa_switch_main(int argc, char **argv);
int sapa_reload_main(int argc, char **argv);
int sapa_config_main(int argc, char **argv);
int sapa_recording_main(int argc, char **argv);
int sapa_crowd_main(int argc, char **argv);
int sapa_contacts_main(int argc, char **argv);
int sapa_token_main(int argc, char **argv);
int sapa_user_main(int argc, char **argv);
int sapa_shifts_main(int argc, char **argv);
int sapa_number_main(int argc, char **argv);
int sapa_openapi_main(int argc, char **argv);
int sapa_api_main(int argc, char **argv);
int sapa_erase_main(int argc, char **argv);
int sapa_merge_main(int argc, char **argv);

#endif
