/**
 * @file app/cmd_top.c
 * `sapa top`: the centre on one screen, drawn again every second.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "app/ask.h"
#include "app/commands.h"
#include "app/view_read.h"
#include "report/top.h"

enum { FRAME_BYTES = 256 * 1024, EVERY_MS = 1000, ASK_LIMIT_S = 3 };

static volatile sig_atomic_t stop_asked;
static struct termios terminal_before;

static void on_stop(int number)
{
    (void)number;
    stop_asked = 1;
}

struct frame {
    struct sapa_text text;
    bool terminal; /* clear the rest of each line */
};

static void add_line(void *ctx, struct sapa_str line)
{
    struct frame *frame = ctx;

    sapa_text_add(&frame->text, line);
    sapa_text_add(&frame->text, frame->terminal ? SAPA_STR("\x1b[K\r\n") : SAPA_STR("\n"));
}

static void draw(const struct sapa_view *view, bool terminal, uint16_t scroll)
{
    static char buf[FRAME_BYTES];
    struct frame frame = { .terminal = terminal };
    struct winsize size = { .ws_col = 120, .ws_row = 40 };
    const struct sapa_lines lines = { add_line, &frame };

    if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
        size = (struct winsize){ .ws_col = 80, .ws_row = 24 };
    const struct sapa_top_options options = { .columns = size.ws_col, .rows = terminal ? size.ws_row : 60,
                                              .colour = terminal, .scroll = scroll };
    sapa_text_init(&frame.text, buf, sizeof(buf));
    if (terminal)
        sapa_text_add(&frame.text, SAPA_STR("\x1b[H"));
    sapa_top_print(view, &options, &lines);
    if (terminal && frame.text.n >= 2) {
        frame.text.n -= 2; /* no newline after the last row: it would scroll */
        sapa_text_add(&frame.text, SAPA_STR("\x1b[J"));
    }
    fwrite(frame.text.buf, 1, frame.text.n, stdout);
    fflush(stdout);
}

/* Wait for the next second or a key; false to leave. */
static bool pause_or_key(uint16_t *scroll)
{
    struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
    char keys[16];

    if (poll(&p, 1, EVERY_MS) <= 0)
        return !stop_asked;
    const ssize_t n = read(STDIN_FILENO, keys, sizeof(keys));
    if (n <= 0)
        return false;
    for (ssize_t i = 0; i < n; i++) {
        if (keys[i] == 'q' || keys[i] == 3)
            return false;
        if (keys[i] == 'j' || (keys[i] == 'B' && i > 0))
            *scroll = (uint16_t)SAPA_MIN(*scroll + 1, 500);
        if ((keys[i] == 'k' || (keys[i] == 'A' && i > 0)) && *scroll > 0)
            (*scroll)--;
    }
    return !stop_asked;
}

static void enter_terminal(void)
{
    struct termios raw;

    tcgetattr(STDIN_FILENO, &terminal_before);
    raw = terminal_before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    fputs("\x1b[?1049h\x1b[?25l", stdout);
}

static void leave_terminal(void)
{
    fputs("\x1b[?25h\x1b[?1049l", stdout);
    fflush(stdout);
    tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
}

static sapa_rc ask_view(const struct sapa_door *door, const char *language, struct sapa_view_memory *memory, struct sapa_view *ret,
                        struct sapa_text *error)
{
    char path[64];
    struct sapa_answer answer;

    snprintf(path, sizeof(path), "/api/v1/view?language=%s", language);
    sapa_rc rc = sapa_ask(door, &(const struct sapa_question){ .method = "GET", .path = path, .limit_s = ASK_LIMIT_S }, &answer, error);
    if (rc == SAPA_OK) {
        json_t *json = json_loadb(answer.p ? answer.p : "", answer.n, 0, NULL);
        rc = sapa_view_read(json, memory, ret);
        json_decref(json);
        if (rc != SAPA_OK)
            sapa_text_add(error, SAPA_STR("the answer is not readable; is the centre of another version?"));
    }
    sapa_answer_done(&answer);
    return rc;
}

int sapa_top_main(int argc, char **argv)
{
    struct sapa_door door = { .command = "top", .data = sapa_data_default() };
    const char *language = "id";
    bool once = false;
    const struct sapa_option options[] = {
        SAPA_DOOR_OPTIONS(&door),
        { "language", SAPA_OPTION_TEXT, &language, "id|en", "language of the screen (id)", 0, 0 },
        { "once", SAPA_OPTION_FLAG, &once, NULL, "print one picture and end", 0, 0 },
    };
    struct sapa_view_memory *memory = calloc(1, sizeof(*memory));
    char error_buf[900];
    struct sapa_text error;
    struct sapa_view view;
    uint16_t scroll = 0;
    int usage = sapa_command_options("top", argc, argv, options, SAPA_COUNT(options), NULL, 0, NULL);

    if (usage < 0 && strcmp(language, "id") != 0 && strcmp(language, "en") != 0)
        usage = sapa_command_wrong("top", "--language is id or en");
    if (usage >= 0 || !memory) {
        free(memory);
        return usage >= 0 ? usage : SAPA_EXIT_FAILED;
    }
    const bool terminal = !once && isatty(STDOUT_FILENO) && isatty(STDIN_FILENO);
    signal(SIGINT, on_stop);
    signal(SIGTERM, on_stop);
    sapa_rc rc;
    bool first = true;
    do {
        sapa_text_init(&error, error_buf, sizeof(error_buf));
        rc = ask_view(&door, language, memory, &view, &error);
        if (first && rc != SAPA_OK)
            break;
        if (first && terminal)
            enter_terminal();
        first = false;
        if (rc == SAPA_OK)
            draw(&view, terminal, scroll);
        else /* it is being started again: keep the picture and say so */
            printf("\x1b[H\x1b[7m %s \x1b[0m\x1b[K", error_buf), fflush(stdout);
    } while (terminal && pause_or_key(&scroll));
    if (terminal && !first)
        leave_terminal();
    else if (rc != SAPA_OK)
        fprintf(stderr, "sapa top: %s\n", error_buf);
    free(memory);
    return rc == SAPA_OK || (terminal && !first) ? SAPA_EXIT_OK : SAPA_EXIT_FAILED;
}
