#ifndef CISO_PLUGIN_ABI_H
#define CISO_PLUGIN_ABI_H
#endif
