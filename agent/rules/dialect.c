/*
 * The defaults of Part B stand here and nowhere else. The check of a URL reads the authority itself
 * instead of looking for "127.0.0.1" somewhere: "http://127.0.0.1@example.org" and
 * "http://localhost.example.org" must not pass for loopback.
 */
#include "rules/dialect.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

const struct dialect dialect_defaults = {
    .base_url = "",
    /* Part A, "Jobs". */
    .create_path = "/partner/jobs",
    .list_path = "/partner/jobs",
    /* Part B: assumed. */
    .bulk_path = "/partner/jobs/bulk",
    .bulk_wrapper = "jobs",
    .update_path = "/partner/jobs/{id}",
    .update_method = "PATCH",
    .delete_path = "/partner/jobs/{id}",
    .read_path = "/partner/jobs/{id}",
    .paging = PAGING_CURSOR,
    .quota_code = "quota",
};

const struct environment environments[2] = {
    {"production", "qk_live_", "https://api.qudrah.io/v1"},
    {"sandbox", "qk_test_", "https://sandbox.api.qudrah.io/v1"},
};

/* Splits "host[:port]" and copies the host without its brackets; false when it is no such thing. */
static bool read_authority(const char *s, size_t len, char *host, size_t room)
{
    const char *port = NULL;
    if (len > 0 && s[0] == '[') {
        const char *close = memchr(s, ']', len);
        if (!close)
            return false;
        port = close + 1 < s + len ? close + 1 : NULL;
        len = (size_t)(close - s) - 1;
        s++;
    } else {
        port = memchr(s, ':', len);
    }
    if (port) {
        const char *digits = port + 1;
        size_t n = strspn(digits, "0123456789");
        if (*port != ':' || n == 0 || n > 5 || (digits[n] != '\0' && digits[n] != '/'))
            return false;
        if (port > s && (size_t)(port - s) < len)
            len = (size_t)(port - s);
    }
    if (len == 0 || len >= room)
        return false;
    memcpy(host, s, len);
    host[len] = '\0';
    return true;
}

static bool host_is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (strcasecmp(host, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return (ntohl(v4.s_addr) >> 24) == 127;
    return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/* What may stand in the URL of an API: no blanks, no user, no query, no fragment. */
static bool is_plain(const char *url)
{
    for (const char *c = url; *c; c++)
        if (!isgraph((unsigned char)*c) || strchr("@?#\\\"<>", *c))
            return false;
    return true;
}

bool dialect_url_allowed(const char *url)
{
    static const char https[] = "https://", http[] = "http://";
    bool secure = strncasecmp(url, https, sizeof https - 1) == 0;
    if (!is_plain(url) || (!secure && strncasecmp(url, http, sizeof http - 1) != 0))
        return false;
    const char *authority = url + (secure ? sizeof https : sizeof http) - 1;
    char host[256];
    if (!read_authority(authority, strcspn(authority, "/"), host, sizeof host))
        return false;
    return secure || host_is_loopback(host);
}
