#include "PluginABI.h"

/* The layout is a promise to plugins that are already built: on a 64-bit machine it is exactly this. */
_Static_assert(sizeof(void *) == 8, "the ABI is laid down for 64-bit machines");
_Static_assert(offsetof(ciso_plugin_descriptor, magic) == 0, "magic is the first field for ever");
_Static_assert(offsetof(ciso_plugin_descriptor, abi_version) == 4, "abi_version follows magic");
_Static_assert(offsetof(ciso_plugin_descriptor, struct_size) == 8, "struct_size follows abi_version");
_Static_assert(offsetof(ciso_plugin_descriptor, reserved) == 12, "reserved pads to the pointers");
_Static_assert(offsetof(ciso_plugin_descriptor, name) == 16, "name has moved");
_Static_assert(offsetof(ciso_plugin_descriptor, version) == 24, "version has moved");
_Static_assert(offsetof(ciso_plugin_descriptor, call) == 32, "call has moved");
_Static_assert(offsetof(ciso_plugin_descriptor, release) == 40, "release has moved");
_Static_assert(sizeof(ciso_plugin_descriptor) == 48, "version 1 has 48 bytes; add fields at the end and a version");
