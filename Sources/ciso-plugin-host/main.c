/*
 * ciso-plugin-host FILE MEMORY ANSWER SECONDS: loads one plugin and serves calls to it until its peer hangs up.
 *
 * It is C so that no Swift runtime is in the process before the plugin's own: Swift has no stable ABI on Linux, and a
 * plugin may be built by another compiler version, or by another language. Whatever goes wrong in the plugin ends this
 * process and nothing else. MEMORY and ANSWER are bytes, SECONDS the longest that one call may take; ciso keeps its own
 * clock and kills the child, the alarm here is for a child whose ciso is gone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "PluginABI.h"
#include "frames.h"

enum { PEER = 3, REQUEST_LIMIT = 64 << 20 };

struct header {
    uint32_t size;
    uint32_t kind;
};

static int send_all(const void *bytes, size_t count) {
    const char *at = bytes;
    while (count > 0) {
        ssize_t sent = send(PEER, at, count, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return -1;
        at += sent;
        count -= (size_t)sent;
    }
    return 0;
}

static int receive_all(void *bytes, size_t count) {
    char *at = bytes;
    while (count > 0) {
        ssize_t received = recv(PEER, at, count, 0);
        if (received < 0 && errno == EINTR) continue;
        if (received <= 0) return -1;
        at += received;
        count -= (size_t)received;
    }
    return 0;
}

/* Sends a frame of two parts; ends the process where the peer is gone. */
static void reply(uint32_t kind, const void *first, size_t first_size, const void *second, size_t second_size) {
    struct header header = {(uint32_t)(first_size + second_size), kind};
    if (send_all(&header, sizeof header) != 0 || send_all(first, first_size) != 0 ||
        send_all(second, second_size) != 0) {
        _exit(0);
    }
}

static void give_up(uint32_t kind, const char *words) {
    reply(kind, words, strlen(words), NULL, 0);
    _exit(1);
}

static void limit(int resource, rlim_t amount) {
    struct rlimit value = {amount, amount};
    if (setrlimit(resource, &value) != 0) {
        perror("ciso-plugin-host: setrlimit");
        _exit(2);
    }
}

/* Takes rights away that a plugin has no use for: descriptors, new privileges, memory, core dumps, writing files. */
static void confine(rlim_t memory) {
    close_range(PEER + 1, ~0u, 0);
    fcntl(PEER, F_SETFD, FD_CLOEXEC);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    limit(RLIMIT_AS, memory);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, 0);
}

static int usable(const char *text) {
    return text != NULL && strnlen(text, CISO_PLUGIN_NAME_LIMIT + 1) <= CISO_PLUGIN_NAME_LIMIT && text[0] != 0;
}

/* Says which field is wrong; ciso knows what was expected and words it. */
static void mismatch(const uint32_t numbers[3], const char *field) {
    reply(FRAME_MISMATCH, numbers, 3 * sizeof numbers[0], field, strlen(field) + 1);
    _exit(1);
}

static const ciso_plugin_descriptor *load(const char *file) {
    void *object = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (object == NULL) give_up(FRAME_UNLOADABLE, dlerror());
    ciso_plugin_entry_function *entry = (ciso_plugin_entry_function *)dlsym(object, CISO_PLUGIN_ENTRY_SYMBOL);
    if (entry == NULL) give_up(FRAME_NO_SYMBOL, dlerror());
    const ciso_plugin_descriptor *plugin = entry(CISO_PLUGIN_ABI_VERSION);
    if (plugin == NULL) give_up(FRAME_DECLINED, "");

    uint32_t numbers[3] = {plugin->magic, 0, 0};
    if (numbers[0] != CISO_PLUGIN_MAGIC) mismatch(numbers, "magic");
    numbers[1] = plugin->abi_version;
    numbers[2] = plugin->struct_size;
    if (numbers[1] < 1 || numbers[1] > CISO_PLUGIN_ABI_VERSION) mismatch(numbers, "abi_version");
    if (numbers[2] < sizeof *plugin) mismatch(numbers, "struct_size");
    if (!usable(plugin->name)) mismatch(numbers, "name");
    if (!usable(plugin->version)) mismatch(numbers, "version");
    if (plugin->call == NULL) mismatch(numbers, "call");
    if (plugin->release == NULL) mismatch(numbers, "release");

    char text[sizeof numbers + 2 * (CISO_PLUGIN_NAME_LIMIT + 1)];
    memcpy(text, numbers, sizeof numbers);
    size_t name_size = strlen(plugin->name) + 1, version_size = strlen(plugin->version) + 1;
    memcpy(text + sizeof numbers, plugin->name, name_size);
    memcpy(text + sizeof numbers + name_size, plugin->version, version_size);
    reply(FRAME_LOADED, text, sizeof numbers + name_size + version_size, NULL, 0);
    return plugin;
}

static void serve(const ciso_plugin_descriptor *plugin, const char *name, const uint8_t *request, size_t size,
                  uint64_t largest) {
    uint8_t *answer = NULL;
    size_t answer_size = 0;
    int32_t status = plugin->call(name, request, size, &answer, &answer_size);
    uint64_t found = answer_size;
    if (answer == NULL && answer_size > 0) {
        static const char words[] = "gave an answer of some size but no bytes";
        reply(FRAME_BROKEN, words, sizeof words, NULL, 0);
    } else if (found > largest) {
        reply(FRAME_TOO_LARGE, &found, sizeof found, NULL, 0);
    } else {
        reply(FRAME_ANSWER, &status, sizeof status, answer, answer_size);
    }
    if (answer != NULL) plugin->release(answer, answer_size);
}

int main(int count, char **arguments) {
    if (count != 5) {
        fputs("usage: ciso-plugin-host FILE MEMORY ANSWER SECONDS\n", stderr);
        return 64;
    }
    uint64_t largest = strtoull(arguments[3], NULL, 10);
    unsigned seconds = (unsigned)strtoul(arguments[4], NULL, 10);
    confine(strtoull(arguments[2], NULL, 10));
    alarm(seconds);
    const ciso_plugin_descriptor *plugin = load(arguments[1]);

    for (;;) {
        struct header header;
        alarm(0);
        if (receive_all(&header, sizeof header) != 0) return 0;
        if (header.kind != FRAME_CALL || header.size > REQUEST_LIMIT) return 2;
        uint8_t *bytes = malloc((size_t)header.size + 1);
        if (bytes == NULL || receive_all(bytes, header.size) != 0) return 2;
        bytes[header.size] = 0;
        size_t name_size = strlen((char *)bytes) + 1;
        if (name_size > header.size) return 2;
        alarm(seconds);
        serve(plugin, (char *)bytes, bytes + name_size, header.size - name_size, largest);
        free(bytes);
    }
}
