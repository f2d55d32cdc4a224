/*
 * A plugin in plain C for a made-up distribution, "minimal-1", whose hosts are reached by ssh. Built by
 *
 *     cc -std=c11 -Wall -Wextra -shared -fPIC \
 *         -I ../../Sources/PluginABI/include \
 *         -o libCisoMinimal.so minimal.c
 *
 * It searches the request's canonical form (sorted keys, `"key" : "value"`) for what it needs, and refuses all others.
 * A real plugin in C would use a JSON library.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "PluginABI.h"

#define NAME "minimal"
#define VERSION "1.0.0"

static const char description[] =
    "{\"name\":\"" NAME "\",\"version\":\"" VERSION "\",\"summary\":\"A distro that exists in an example only.\","
    "\"distributions\":[{\"name\":\"" NAME "\",\"versions\":[\"1\"],\"architectures\":[\"x86_64\"],"
    "\"family\":\"" NAME "\",\"shell\":\"posix\"}]}";

static const char target[] =
    "{\"target\":\"" NAME "-1\",\"variables\":{\"arch\":\"x86_64\",\"os\":\"" NAME "\",\"os-distribution\":\"" NAME "\","
    "\"os-family\":\"" NAME "\",\"os-version\":\"1\"},\"environment\":{\"kind\":\"host\",\"bootstrap\":["
    "{\"name\":\"make-directories\",\"phase\":\"bootstrap\",\"user\":\"root\",\"idempotent\":true,"
    "\"script\":\"cd /var && mkdir -p ciso/home ciso/opam ciso/build && "
    "chown \\\"${CISO_LOGIN:-0}\\\" ciso ciso/home ciso/opam ciso/build\\n\"}],"
    "\"shell\":{\"path\":\"/bin/sh\",\"family\":\"posix\"},\"buildUser\":{\"name\":\"ciso\"},"
    "\"paths\":{\"home\":\"/var/ciso/home\",\"opamRoot\":\"/var/ciso/opam\",\"build\":\"/var/ciso/build\"}}}";

static const char patterns[] = "{\"patterns\":[]}";

/* A growing text. If memory is exhausted, the process is aborted, and ciso's call fails. */
struct text {
    char *bytes;
    size_t size;
};

static void append(struct text *text, const char *more, size_t size) {
    char *bytes = realloc(text->bytes, text->size + size + 1);
    if (bytes == NULL) abort();
    memcpy(bytes + text->size, more, size);
    text->bytes = bytes;
    text->size += size;
    bytes[text->size] = 0;
}

static void add(struct text *text, const char *more) { append(text, more, strlen(more)); }

static int32_t finish(int32_t status, struct text text, uint8_t **answer, size_t *answer_size) {
    *answer = (uint8_t *)text.bytes;
    *answer_size = text.size;
    return status;
}

static int32_t give(int32_t status, const char *bytes, uint8_t **answer, size_t *answer_size) {
    struct text text = {NULL, 0};
    add(&text, bytes);
    return finish(status, text, answer, answer_size);
}

static int32_t refuse(uint8_t **answer, size_t *answer_size) {
    return give(CISO_PLUGIN_REFUSED,
                "{\"message\":\"expected the target " NAME "-1 on x86_64 without options and system compiler\","
                "\"hint\":\"" NAME " has one version and one architecture\"}",
                answer, answer_size);
}

/* Whether the request is for the only target. */
static int is_ours(const char *request) {
    return strstr(request, "\"distribution\" : \"" NAME "\"") != NULL && strstr(request, "\"version\" : \"1\"") != NULL &&
           strstr(request, "\"architecture\" : \"x86_64\"") != NULL &&
           strstr(request, "\"systemCompiler\" : false") != NULL && strstr(request, "\"options\" : {") != NULL &&
           strspn(strstr(request, "\"options\" : {") + 13, " \n") ==
               strcspn(strstr(request, "\"options\" : {") + 13, "}");
}

/* The end of the JSON string that starts at `at`, after its quote; NULL if it has no end. */
static const char *string_end(const char *at) {
    while (*at != 0 && *at != '"') at += *at == '\\' && at[1] != 0 ? 2 : 1;
    return *at == '"' ? at : NULL;
}

/* Whether a name is passed through: it consists of letters, digits and "+-._", and starts with a letter or digit. */
static int is_package(const char *name, size_t size) {
    static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    if (size == 0 || strchr(first, name[0]) == NULL) return 0;
    for (size_t i = 1; i < size; i++)
        if (strchr(first, name[i]) == NULL && strchr("+-._", name[i]) == NULL) return 0;
    return 1;
}

static int32_t system_packages(const char *request, uint8_t **answer, size_t *answer_size) {
    const char *at = strstr(request, "\"names\" : [");
    struct text packages = {NULL, 0}, script = {NULL, 0};
    int some = 0;
    if (at == NULL || !is_ours(request)) return refuse(answer, answer_size);
    add(&packages, "{\"packages\":[");
    add(&script, "pkg install");
    for (at += 11; (at += strspn(at, " \n,")), *at == '"';) {
        const char *name = at + 1, *end = string_end(name);
        if (end == NULL) break;
        size_t size = (size_t)(end - name);
        int passed = is_package(name, size);
        if (packages.bytes[packages.size - 1] == '}') add(&packages, ",");
        add(&packages, "{\"name\":\"");
        append(&packages, name, size);
        add(&packages, passed ? "\",\"status\":\"passed-through\",\"packages\":[\"" : "\",\"status\":\"unknown\",\"packages\":[");
        if (passed) {
            append(&packages, name, size);
            add(&packages, "\"");
            add(&script, " ");
            append(&script, name, size);
            some = 1;
        }
        add(&packages, "]}");
        at = end + 1;
    }
    add(&packages, "],\"steps\":[");
    if (some) {
        add(&packages, "{\"name\":\"install-system-packages\",\"phase\":\"depext\",\"user\":\"root\",\"network\":true,"
                       "\"script\":\"");
        append(&packages, script.bytes, script.size);
        add(&packages, "\\n\"}");
    }
    add(&packages, "]}");
    free(script.bytes);
    return finish(CISO_PLUGIN_ANSWERED, packages, answer, answer_size);
}

/* This example builds nothing: its step fails with a message. A real plugin must quote the words of a request's commands. */
static const char steps[] =
    "{\"steps\":[{\"name\":\"build\",\"phase\":\"build\",\"script\":\"echo 'this example builds nothing' >&2\\nexit 1\\n\"}]}";

static int32_t call(const char *name, const uint8_t *request, size_t request_size, uint8_t **answer,
                    size_t *answer_size) {
    char *text = malloc(request_size + 1);
    int32_t status = CISO_PLUGIN_UNKNOWN_CALL;
    if (text == NULL) abort();
    memcpy(text, request, request_size);
    text[request_size] = 0;
    if (strcmp(name, "describe") == 0) status = give(CISO_PLUGIN_ANSWERED, description, answer, answer_size);
    if (strcmp(name, "patterns") == 0) status = give(CISO_PLUGIN_ANSWERED, patterns, answer, answer_size);
    if (strcmp(name, "system-packages") == 0) status = system_packages(text, answer, answer_size);
    if (strcmp(name, "target") == 0)
        status = is_ours(text) ? give(CISO_PLUGIN_ANSWERED, target, answer, answer_size) : refuse(answer, answer_size);
    if (strcmp(name, "steps") == 0)
        status = is_ours(text) ? give(CISO_PLUGIN_ANSWERED, steps, answer, answer_size) : refuse(answer, answer_size);
    free(text);
    return status;
}

static void release(uint8_t *answer, size_t answer_size) {
    (void)answer_size;
    free(answer);
}

static const ciso_plugin_descriptor descriptor = {
    CISO_PLUGIN_MAGIC, CISO_PLUGIN_ABI_VERSION, sizeof(ciso_plugin_descriptor), 0, NAME, VERSION, call, release,
};

const ciso_plugin_descriptor *ciso_plugin_entry(uint32_t host_abi) {
    return host_abi >= CISO_PLUGIN_ABI_VERSION ? &descriptor : NULL;
}
