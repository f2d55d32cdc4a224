/*
 * A plugin that does wrong whatever a test asks for: at load time by a macro, at call time by the word after "do" in the
 * request. Asked for nothing, it answers `describe` as it should.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "PluginABI.h"

#ifndef MAGIC
#define MAGIC CISO_PLUGIN_MAGIC
#endif
#ifndef ABI
#define ABI CISO_PLUGIN_ABI_VERSION
#endif
#ifndef SIZE
#define SIZE sizeof(ciso_plugin_descriptor)
#endif
#ifndef NAME
#define NAME "hostile"
#endif
#ifndef VERSION
#define VERSION "1"
#endif
#ifndef CALL
#define CALL call
#endif
#ifndef RELEASE
#define RELEASE release
#endif

static const char description[] =
    "{\"name\":\"hostile\",\"version\":\"1\",\"summary\":\"Does wrong.\",\"distributions\":[{\"name\":\"hostile\","
    "\"versions\":[],\"architectures\":[\"x86_64\"],\"family\":\"none\",\"shell\":\"posix\"}]}";

static int recurse(volatile int depth) {
    volatile char room[4096];
    room[depth % 4096] = 1;
    return recurse(depth + 1) + room[0];
}

static int32_t give(const char *text, uint8_t **answer, size_t *size) {
    *answer = (uint8_t *)strdup(text);
    *size = strlen(text);
    return CISO_PLUGIN_ANSWERED;
}

static int32_t call(const char *name, const uint8_t *request, size_t request_size, uint8_t **answer, size_t *size) {
#ifdef SLOW
    if (strcmp(name, "describe") != 0) sleep(60);
#endif
    char *text = strndup((const char *)request, request_size);
    const char *what = strstr(text, "\"do\" : \"");
    char word[32] = "";
    if (what != NULL) sscanf(what + 8, "%31[a-z-]", word);
    free(text);
#define ASKED(x) (strcmp(word, x) == 0)
    if (ASKED("segfault")) *(volatile int *)8 = 1;
    if (ASKED("abort")) abort();
    if (ASKED("overflow")) recurse(0);
    if (ASKED("exit")) _exit(7);
    if (ASKED("hang")) for (;;) pause();
    if (ASKED("memory")) for (;;) memset(malloc(1 << 24), 1, 1 << 24);
    if (ASKED("file")) {
        FILE *file = fopen("/dev/shm/ciso-hostile-plugin", "w");
        unlink("/dev/shm/ciso-hostile-plugin");
        for (int i = 0; i < 100000; i++) fputs("out", file);
        fclose(file);
    }
    if (ASKED("socket")) write(3, "rubbish in the socket", 21);
    if (ASKED("stderr")) {
        for (int i = 0; i < 100000; i++) fprintf(stderr, "line %d of much talk\n", i);
        abort();
    }
    if (ASKED("mute")) close(2), sleep(2);
    if (ASKED("stdout")) printf("hello"), fflush(stdout);
    if (ASKED("daemon") && fork() == 0) for (;;) pause();
    if (ASKED("status")) return 99;
    if (ASKED("null")) {
        *size = 5;
        return CISO_PLUGIN_ANSWERED;
    }
    if (ASKED("empty")) return give("", answer, size);
    if (ASKED("text")) return give("hello", answer, size);
    if (ASKED("bytes")) return give("\xff\xfe\x80", answer, size);
    if (ASKED("keys")) return give("{\"target\":\"hostile\"}", answer, size);
    if (ASKED("deep")) {
        char *deep = malloc(200001);
        memset(deep, '[', 200000);
        deep[200000] = 0;
        return give(deep, answer, size);
    }
    if (ASKED("large")) {
        *answer = calloc(1, 64 << 20);
        *size = 64 << 20;
        return CISO_PLUGIN_ANSWERED;
    }
    if (ASKED("refuse")) {
        give("{\"message\":\"not today\",\"hint\":\"come tomorrow\"}", answer, size);
        return CISO_PLUGIN_REFUSED;
    }
    return strcmp(name, "describe") == 0 ? give(description, answer, size) : CISO_PLUGIN_UNKNOWN_CALL;
}

static void release(uint8_t *answer, size_t size) {
    (void)size;
    free(answer);
}

static const ciso_plugin_descriptor descriptor = {MAGIC, ABI, (uint32_t)(SIZE), 0, NAME, VERSION, CALL, RELEASE};

#ifdef CONSTRUCTOR
__attribute__((constructor)) static void loaded(void) { CONSTRUCTOR; }
#endif

#ifndef ENTRY
#define ENTRY return &descriptor;
#endif
#ifndef SYMBOL
#define SYMBOL ciso_plugin_entry
#endif

const ciso_plugin_descriptor *SYMBOL(uint32_t host_abi) {
    (void)host_abi;
    (void)descriptor;
    ENTRY
}
