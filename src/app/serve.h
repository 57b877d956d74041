/**
 * @file app/serve.h
 * `sapa serve`: the small parent of the control process and the media process.
 *
 * The parent opens every socket that strangers send to and hands it down, so that a control
 * process that is killed loses no datagram: the kernel keeps them for its successor. It parses
 * nothing from outside and restarts either child when it ends by itself.
 *
 * Room    app.   Thread  main.   Design  docs/design/processes.md   Tests  app/serve_test.c
 */
#ifndef SAPA_APP_SERVE_H
#define SAPA_APP_SERVE_H

#include "base/base.h"

/** Descriptors that control finds open, by number: UDP sockets, then TCP listeners. */
enum {
    SAPA_CHILD_READY_FD = 3,   /* pipe to serve: control's first byte when it serves; then a byte a second (heartbeat.h) */
    SAPA_CHILD_FIRST_FD = 4,   /* media: its listening local socket; control: SIP sockets */
};

int sapa_serve_main(int argc, char **argv);
int sapa_control_main(int argc, char **argv);
int sapa_media_command(int argc, char **argv);

#endif
