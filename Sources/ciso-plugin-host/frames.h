/*
 * What the child host and ciso say to each other over the socket that the child has as descriptor 3.
 *
 * A frame is a header of 8 bytes (the number of bytes that follow it, then a kind, both uint32_t in the machine's byte
 * order: both ends are one machine) and its bytes. The child first sends one frame of a kind that tells how loading
 * went; then it answers each CALL with exactly one frame.
 */
#ifndef CISO_PLUGIN_HOST_FRAMES_H
#define CISO_PLUGIN_HOST_FRAMES_H

enum {
    /* To the child: the call's name, a zero byte, the request. */
    FRAME_CALL = 1,

    /* From the child, first: magic, ABI version, struct size (uint32_t each), name, zero, version, zero. */
    FRAME_LOADED = 16,
    /* The file cannot be loaded: the loader's words. */
    FRAME_UNLOADABLE = 17,
    /* The entry symbol is missing: the loader's words. */
    FRAME_NO_SYMBOL = 18,
    /* The entry function returned NULL. */
    FRAME_DECLINED = 19,
    /* A field of the descriptor is wrong: magic, ABI version, struct size, and the field's name, zero. */
    FRAME_MISMATCH = 20,

    /* From the child, to a call: the status (int32_t), then the answer. */
    FRAME_ANSWER = 32,
    /* The answer is larger than the limit: its size (uint64_t). */
    FRAME_TOO_LARGE = 33,
    /* The plugin broke the ABI: what it did, zero. */
    FRAME_BROKEN = 34
};

#endif
