/**
 * @file app/greeting.c
 * What a person can do next, said once the centre serves.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/centre_file.h"
#include "app/commands.h"
#include "rt/file.h"
#include "rt/socket.h"

enum { NUMBERS_SHOWN = 6, AGENTS_SHOWN = 4 };

/* "0.0.0.0:5060" is no address to call: take the one that this machine has towards others. */
static void address_to_call(const char *sip, char *buf, size_t size)
{
    struct sapa_addr addr, far, local;

    if (sapa_addr_parse(sapa_str_of(sip), 5060, &addr) != SAPA_OK) {
        snprintf(buf, size, "%s", sip);
        return;
    }
    if (sapa_addr_is_wildcard(&addr) && sapa_addr_parse(SAPA_STR("192.0.2.1"), 9, &far) == SAPA_OK &&
        sapa_addr_local_for(&far, &local) == SAPA_OK && !sapa_addr_is_wildcard(&local)) {
        sapa_addr_set_port(&local, sapa_addr_port(&addr));
        addr = local;
    } else if (sapa_addr_is_wildcard(&addr)) {
        snprintf(buf, size, "127.0.0.1:%u", sapa_addr_port(&addr));
        return;
    }
    sapa_addr_print(&addr, buf, size);
}

static const char *code_of(const struct sapa_centre *centre, enum sapa_verb verb, char *buf, size_t size)
{
    for (uint32_t i = 0; i < centre->codes_count; i++) {
        if (centre->codes[i].verb == verb) {
            struct sapa_str rest;
            sapa_str_copy(sapa_str_cut(centre->codes[i].prefix, '{', &rest), buf, size);
            return buf;
        }
    }
    return "-";
}

static void greet_pages(const char *url, bool crowd)
{
    printf("In a browser: %s/\n", url);
    puts(crowd ? "  choose who you are, without a password; another tab can be somebody else\n"
               : "  people log in with the password that `sapa user password NAME` gives them\n");
}

static void greet_api(const char *data, const char *url)
{
    printf("\nThe same by program, and more; GET /api/v1/openapi.json says what there is:\n"
           "  build/sapa api GET /api/v1/queues            on this machine, as its owner\n"
           "  build/sapa token create NAME viewer          a token for others; NAME supervisor, admin, agent --agent KEY …\n");
    if (url[0])
        printf("  curl -H \"Authorization: Bearer $(cat %s/admin.token)\" %s/api/v1/contacts\n", data, url);
}

/* Places where nobody simulated sits come first, and alone where there are any; who leads takes no calls. */
static void greet_agents(const struct sapa_greeting *g, const struct sapa_centre *centre, const char *host)
{
    /* a demo's passwords are no secret; others belong on the owner's screen, not into a journal */
    const bool tell = g->crowd || isatty(STDOUT_FILENO);
    const uint32_t first = g->simulated < centre->agents_count ? (uint32_t)g->simulated : 0;
    char ready[32], pause[32], wrapup[32];
    uint32_t shown = 0;

    puts(first > 0 ? "\nBe an agent: these places are free; register a phone as" : "\nBe an agent: register a phone as");
    for (uint32_t i = first; i < centre->agents_count && shown < AGENTS_SHOWN; i++) {
        const struct sapa_agent *agent = &centre->agents[i];
        if (agent->capacity[SAPA_CHANNEL_VOICE] == 0)
            continue;
        printf("  sip:" SAPA_STR_FMT "@%s   password " SAPA_STR_FMT "   (" SAPA_STR_FMT ")\n", SAPA_STR_ARG(agent->extension), host,
               SAPA_STR_ARG(tell ? agent->password : SAPA_STR("in the secrets file")), SAPA_STR_ARG(agent->name));
        shown++;
    }
    if (first > 0)
        printf("  the others are simulated; their passwords stand in %s, and your phone would ring beside theirs\n", g->secrets);
    else if (centre->agents_count > shown)
        printf("  and %u more: see %s\n", centre->agents_count - shown, g->secrets);
    printf("  then dial %s to be ready, %s and a reason for a break, %s and a result after a call\n",
           code_of(centre, SAPA_VERB_READY, ready, sizeof(ready)), code_of(centre, SAPA_VERB_NOT_READY, pause, sizeof(pause)),
           code_of(centre, SAPA_VERB_WRAPUP_DONE, wrapup, sizeof(wrapup)));
}

void sapa_demo_greeting(const struct sapa_greeting *g)
{
    char host[SAPA_ADDR_TEXT_MAX];
    struct sapa_centre *centre;

    const struct sapa_centre_file file = { .path = g->centre, .secrets_path = g->secrets };
    if (sapa_centre_file_read(&file, &centre, NULL) != SAPA_OK)
        return;
    address_to_call(g->sip, host, sizeof(host));
    printf("\n" SAPA_STR_FMT " is open.\n\n", SAPA_STR_ARG(centre->system.name));
    if (g->url[0] && g->pages)
        greet_pages(g->url, g->crowd);
    if (centre->numbers_count > 0)
        puts(g->crowd ? "Call from any softphone on this machine or in its private network:"
                      : "Your numbers, for registered phones and for the addresses of your trunks:");
    for (uint32_t i = 0; i < centre->numbers_count && i < NUMBERS_SHOWN; i++) {
        const struct sapa_number *number = &centre->numbers[i];
        printf("  sip:" SAPA_STR_FMT "@%s   " SAPA_STR_FMT "\n", SAPA_STR_ARG(number->key), host,
               SAPA_STR_ARG(centre->clients[number->client].name));
    }
    if (centre->agents_count > 0)
        greet_agents(g, centre, host);
    else
        printf("\nNobody can answer yet: add agents to %s (docs/howto/describe-a-centre.md), then build/sapa reload.\n", g->centre);
    printf("\nIn another terminal:\n"
           "  build/sapa top              the centre, live%s\n"
           "  build/sapa contacts         who is here now (--last 5: who was)\n"
           "  build/sapa why CONTACT      why somebody waits, or was given to whom\n"
           "  build/sapa report           queues and agents by quarter of an hour\n"
           "  build/sapa verify           every number follows from the log\n",
           g->crowd ? " (simulated customers call and agents answer)" : "");
    greet_api(g->data, g->url);
    puts("\nStop with Ctrl-C.\n");
    fflush(stdout);
    sapa_centre_free(centre);
}
