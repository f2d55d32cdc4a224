#define _GNU_SOURCE
#include "CSandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int write_file(pid_t process, const char *name, const char *text) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", process, name);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t written = write(file, text, strlen(text));
    int error = errno;
    close(file);
    errno = error;
    return written == (ssize_t)strlen(text) ? 0 : -1;
}

/// Lives in the new namespace until the parent has opened it. Its owner is whoever this process is when it unshares.
static void hold(uid_t user, gid_t group, int ready, int done) {
    char byte = 0;
    if (geteuid() == 0 && (user != 0 || group != 0)) {
        if (syscall(SYS_setgroups, 0, NULL) != 0 || syscall(SYS_setresgid, group, group, group) != 0 ||
            syscall(SYS_setresuid, user, user, user) != 0) {
            _exit(1);
        }
    }
    if (unshare(CLONE_NEWUSER) != 0) _exit(1);
    prctl(PR_SET_DUMPABLE, 1);
    if (write(ready, &byte, 1) == 1) (void)!read(done, &byte, 1);
    _exit(0);
}

static int adopt(pid_t holder, const char *user_map, const char *group_map) {
    // Without privilege a group map is only accepted where groups can't be dropped.
    if (geteuid() != 0 && write_file(holder, "setgroups", "deny") != 0) return -errno;
    if (write_file(holder, "uid_map", user_map) != 0 || write_file(holder, "gid_map", group_map) != 0) return -errno;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/user", holder);
    int result = open(path, O_RDONLY | O_CLOEXEC);
    return result < 0 ? -errno : result;
}

int ciso_user_namespace(uid_t user, gid_t group, const char *user_map, const char *group_map) {
    int ready[2], done[2];
    if (pipe2(ready, O_CLOEXEC) != 0) return -errno;
    if (pipe2(done, O_CLOEXEC) != 0) {
        int error = errno;
        close(ready[0]);
        close(ready[1]);
        return -error;
    }
    pid_t holder = fork();
    if (holder == 0) {
        close(ready[0]);
        close(done[1]);
        hold(user, group, ready[1], done[0]);
    }
    int result = holder < 0 ? -errno : -EPERM;
    close(ready[1]);
    close(done[0]);
    char byte;
    if (holder > 0 && read(ready[0], &byte, 1) == 1) result = adopt(holder, user_map, group_map);
    close(ready[0]);
    close(done[1]);
    if (holder > 0) {
        while (waitpid(holder, NULL, 0) < 0 && errno == EINTR) {}
    }
    return result;
}
