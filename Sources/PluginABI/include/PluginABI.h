/*
 * The binary face of a ciso plugin, version 1.
 *
 * A plugin is a shared object that exports one function, ciso_plugin_entry, and answers calls: bytes in, bytes out,
 * both JSON in UTF-8 (docs/plugin-messages.schema.json). It may be written in any language that can export a C
 * function. It is loaded into a process of its own, is called from one thread, one call at a time, and must neither
 * start threads or processes nor touch files, environment or network: it answers with data, ciso does the work.
 *
 * Rules of change: fields and constants are only ever added at the end, and the ABI version then grows by one. A host
 * that knows version N loads plugins of the versions 1 … N; a plugin of version N works under every host that is
 * at least N.
 */
#ifndef CISO_PLUGIN_ABI_H
#define CISO_PLUGIN_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The first field of every descriptor: the letters "CISO", read as a little-endian number. */
#define CISO_PLUGIN_MAGIC 0x4F534943u

/* The version of this header. */
#define CISO_PLUGIN_ABI_VERSION 1u

/* The name of the one exported symbol. */
#define CISO_PLUGIN_ENTRY_SYMBOL "ciso_plugin_entry"

/* The longest name or version, in bytes without the zero at the end. */
#define CISO_PLUGIN_NAME_LIMIT 63

/* What a call returns. */
enum {
    /* *answer holds the answer. */
    CISO_PLUGIN_ANSWERED = 0,
    /* *answer holds a refusal: {"message": "…", "hint": "…"}. */
    CISO_PLUGIN_REFUSED = 1,
    /* The plugin does not know a call of this name; *answer is left alone. */
    CISO_PLUGIN_UNKNOWN_CALL = 2
};

/* What a plugin is. It lives as long as the plugin is loaded and never changes. */
typedef struct ciso_plugin_descriptor {
    /* CISO_PLUGIN_MAGIC. */
    uint32_t magic;
    /* CISO_PLUGIN_ABI_VERSION, as it was when the plugin was built. */
    uint32_t abi_version;
    /* sizeof(ciso_plugin_descriptor), as it was when the plugin was built. */
    uint32_t struct_size;
    /* 0. */
    uint32_t reserved;
    /* Lower-case letters, digits and '-', then a zero byte. */
    const char *name;
    /* Any visible ASCII characters, then a zero byte. It changes whenever an answer changes. */
    const char *version;
    /*
     * Answers one call. `name` ends with a zero byte; `request` has `request_size` bytes and no zero at the end. Both
     * belong to the host and are valid during the call only. With CISO_PLUGIN_ANSWERED and CISO_PLUGIN_REFUSED the
     * plugin sets *answer to `*answer_size` bytes that belong to the plugin until `release` is called with them.
     * Equal requests get equal answers, byte for byte.
     */
    int32_t (*call)(const char *name, const uint8_t *request, size_t request_size, uint8_t **answer,
                    size_t *answer_size);
    /* Takes an answer back; called exactly once for each. */
    void (*release)(uint8_t *answer, size_t answer_size);
} ciso_plugin_descriptor;

/*
 * Exported by the plugin. `host_abi` is the host's CISO_PLUGIN_ABI_VERSION, for a plugin that serves several. NULL:
 * the plugin cannot work under this host.
 */
typedef const ciso_plugin_descriptor *ciso_plugin_entry_function(uint32_t host_abi);

#ifdef __cplusplus
}
#endif

#endif
