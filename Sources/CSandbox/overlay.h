#include "CSandbox.h"

/// Mounts `overlay` in the mount namespace of the calling process. Returns -1 and sets errno on failure.
int ciso_mount_overlay(const struct ciso_overlay *overlay);
