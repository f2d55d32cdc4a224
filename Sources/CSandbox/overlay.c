#define _GNU_SOURCE
#include "overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

// Defined here, because older C libraries lack them, and <linux/mount.h> collides with <sys/mount.h>.
enum { OPEN_CLOEXEC = 1, SET_FLAG = 0, SET_STRING = 1, CREATE = 6, FROM_EMPTY_PATH = 4, NO_SUID = 2, NO_DEV = 4 };

static int configure(int context, const char *key, const char *value) {
    return (int)syscall(SYS_fsconfig, context, value ? SET_STRING : SET_FLAG, key, value, 0);
}

/// Makes one call per lower directory, so that there may be hundreds of any length.
static int mount_by_context(const struct ciso_overlay *o) {
    int context = (int)syscall(SYS_fsopen, "overlay", OPEN_CLOEXEC);
    if (context < 0) return -1;
    int failed = 0;
    for (int i = 0; i < o->lower_count && !failed; i++) failed = configure(context, "lowerdir+", o->lowers[i]);
    failed = failed || configure(context, "upperdir", o->upper) || configure(context, "workdir", o->work);
    failed = failed || (o->user_attributes && configure(context, "userxattr", NULL));
    failed = failed || syscall(SYS_fsconfig, context, CREATE, NULL, NULL, 0);
    int mounted = failed ? -1 : (int)syscall(SYS_fsmount, context, OPEN_CLOEXEC, NO_SUID | NO_DEV);
    int error = errno;
    close(context);
    errno = error;
    if (mounted < 0) return -1;
    int moved = (int)syscall(SYS_move_mount, mounted, "", AT_FDCWD, o->target, FROM_EMPTY_PATH);
    error = errno;
    close(mounted);
    errno = error;
    return moved;
}

/// Passes all options in one page, with the short names of links as lower directories.
static int mount_by_options(const struct ciso_overlay *o) {
    char options[4096];
    if (o->links == NULL || chdir(o->links) != 0) return -1;
    size_t length = (size_t)snprintf(options, sizeof options, "upperdir=%s,workdir=%s%s,lowerdir=", o->upper, o->work,
                                     o->user_attributes ? ",userxattr" : "");
    for (int i = 0; i < o->lower_count && length < sizeof options; i++) {
        length += (size_t)snprintf(options + length, sizeof options - length, i ? ":%d" : "%d", i);
    }
    if (length >= sizeof options) {
        errno = E2BIG;
        return -1;
    }
    return mount("overlay", o->target, "overlay", MS_NOSUID | MS_NODEV, options);
}

/// Set when the kernel does not support the newer interface, because each attempt is reported in the kernel's log. The new
/// process sets it in the memory that it shares with its parent.
static _Atomic int only_options = 0;

int ciso_mount_overlay(const struct ciso_overlay *overlay) {
    if (!only_options) {
        if (mount_by_context(overlay) == 0) return 0;
        // Kernels before 6.5 do not support "lowerdir+", and those before 5.2 no contexts.
        if (errno != EINVAL && errno != ENOSYS) return -1;
    }
    int result = mount_by_options(overlay);
    if (result == 0) only_options = 1;
    return result;
}
