/**
 * @file sip/uri.h
 * SIP and tel URIs, parameters, name-addr and Via values: text in, slices out.
 *
 * Everything parsed here borrows the text it was parsed from. White space and parameters are
 * taken as RFC 3261 section 25 and the torture messages of RFC 4475 want it.
 *
 * Room    sip: base and rt only.
 * Thread  any (pure functions).
 * Design  docs/design/sip.md
 * Tests   sip/uri_test.c, sip/msg_fuzz.c
 */
#ifndef SAPA_SIP_URI_H
#define SAPA_SIP_URI_H

#include "base/str.h"

enum sapa_sip_scheme {
    SAPA_SIP_SCHEME_OTHER,
    SAPA_SIP_SCHEME_SIP,
    SAPA_SIP_SCHEME_SIPS,
    SAPA_SIP_SCHEME_TEL
};

struct sapa_sip_uri {
    struct sapa_str all; /* the whole URI */
    enum sapa_sip_scheme scheme;
    struct sapa_str scheme_text;
    struct sapa_str user;     /* as written (escaped); tel: the number; empty: none */
    struct sapa_str password; /* as written */
    struct sapa_str host;     /* without the brackets of an IPv6 reference */
    uint16_t port;            /* 0: not given */
    bool host_is_ip6;
    struct sapa_str params;  /* without the leading ';'; empty: none */
    struct sapa_str headers; /* without the '?' */
};

struct sapa_sip_param {
    struct sapa_str name;
    struct sapa_str value; /* of a quoted string the inside, escapes as written */
    bool has_value;
    bool quoted;
};

/** Display name, URI and parameters of From, To, Contact, Route, Record-Route, Path, Refer-To … */
struct sapa_sip_addr {
    struct sapa_str all;     /* from display name to last parameter */
    struct sapa_str display; /* without its quotes, escapes as written; empty: none */
    struct sapa_sip_uri uri;
    bool bracketed;         /* the URI stood in < > */
    bool star;              /* the value was "*" (Contact only); uri is empty then */
    struct sapa_str params; /* header parameters, without the leading ';' */
    struct sapa_str tag;    /* of them: tag; empty: none */
};

struct sapa_sip_via {
    struct sapa_str all;
    struct sapa_str transport; /* "UDP" … as written */
    struct sapa_str host;      /* sent-by, without IPv6 brackets */
    bool host_is_ip6;
    uint16_t port; /* 0: not given */
    struct sapa_str params;
    struct sapa_str branch;   /* empty: none */
    struct sapa_str received; /* empty: none */
    bool has_rport;           /* "rport" stands there, with or without a value */
    uint16_t rport;           /* its value, 0: none */
};

/** The whole of `text` is one URI (surrounding white space is not accepted). SAPA_EINVAL when it is malformed; an unknown scheme is good, then only all, scheme_text are set. */
SAPA_MUST_CHECK sapa_rc sapa_sip_uri_parse(struct sapa_str text, struct sapa_sip_uri *ret_uri);
/** RFC 3261 19.1.4, as far as it concerns routing: scheme, user, password, host, port and the parameters user, ttl, method, maddr, transport and those in both. */
bool sapa_sip_uri_eq(const struct sapa_sip_uri *a, const struct sapa_sip_uri *b);
/** A URI parameter by name, case ignored. True when it is there; its value may be empty. `ret_value` may be NULL. */
bool sapa_sip_uri_param(const struct sapa_sip_uri *uri, struct sapa_str name,
                        struct sapa_str *ret_value);

/** Step through "a=b;c;d=\"e\"": takes one parameter off `*cursor`. False at the end. Empty parameters (";;") are passed over. */
bool sapa_sip_params_next(struct sapa_str *cursor, struct sapa_sip_param *ret_param);
bool sapa_sip_params_get(struct sapa_str params, struct sapa_str name, struct sapa_str *ret_value);

/** One name-addr or addr-spec with its parameters; the whole of `text`. "*" gives star. */
SAPA_MUST_CHECK sapa_rc sapa_sip_addr_parse(struct sapa_str text, struct sapa_sip_addr *ret_addr);
/** One Via value. */
SAPA_MUST_CHECK sapa_rc sapa_sip_via_parse(struct sapa_str text, struct sapa_sip_via *ret_via);

/** Take one value off a comma-separated list, minding quotes and < >. False at the end. The value is trimmed and may be empty. */
bool sapa_sip_list_next(struct sapa_str *cursor, struct sapa_str *ret_value);

/** Undo %XX into `buf`. SAPA_EINVAL: malformed escape or an escaped NUL; SAPA_ELIMIT: does not fit. `ret_plain` points into buf. */
SAPA_MUST_CHECK sapa_rc sapa_sip_unescape(struct sapa_str text, char *buf, size_t size,
                                          struct sapa_str *ret_plain);
/** Append `text` escaped so that it can be the user part of a URI. */
void sapa_sip_put_user(struct sapa_text *out, struct sapa_str text);
/** Append `text` as a quoted-string, with quotes; control characters are dropped. */
void sapa_sip_put_quoted(struct sapa_text *out, struct sapa_str text);

#endif
