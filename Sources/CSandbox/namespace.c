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

/// Keeps the new namespace alive until the parent has opened it. Its owner is the user of this process when it unshares.
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
    // Without privileges a group map is accepted only if setgroups is denied.
    if (geteuid() != 0 && write_file(holder, "setgroups", "deny") != 0) return -errno;
    if (write_file(holder, "uid_map", user_map) != 0 || write_file(holder, "gid_map", group_map) != 0) return -errno;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/user", holder);
    int result = open(path, O_RDONLY | O_CLOEXEC);
    return result < 0 ? -errno : result;
}

/// Runs `newuidmap` or `newgidmap`, which are allowed to write maps that an ordinary user is not.
static int run_map_program(char *const *words, pid_t process) {
    char number[16];
    char *arguments[16];
    int count = 0;
    snprintf(number, sizeof number, "%d", process);
    for (; words[count] != NULL && count < 14; count++) arguments[count + (count > 0)] = words[count];
    arguments[1] = number;
    arguments[count + 1] = NULL;
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (null >= 0) {
            for (int file = 0; file < 3; file++) dup2(null, file);
        }
        execv(words[0], arguments);
        _exit(127);
    }
    if (child < 0) return -errno;
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EPERM;
}

/// Opens the namespace of `holder` once its ids are mapped.
static int adopt_by_programs(pid_t holder, char *const *user_program, char *const *group_program) {
    int result = run_map_program(user_program, holder);
    if (result == 0) result = run_map_program(group_program, holder);
    if (result != 0) return result;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/user", holder);
    result = open(path, O_RDONLY | O_CLOEXEC);
    return result < 0 ? -errno : result;
}

/// How the ids of a new namespace are mapped: by lines that are written, or by programs that are run.
struct mapping {
    const char *user_map;
    const char *group_map;
    char *const *user_program;
    char *const *group_program;
};

static int make_namespace(uid_t user, gid_t group, const struct mapping *mapping);

int ciso_user_namespace(uid_t user, gid_t group, const char *user_map, const char *group_map) {
    struct mapping mapping = {.user_map = user_map, .group_map = group_map};
    return make_namespace(user, group, &mapping);
}

int ciso_user_namespace_by_programs(char *const *user_program, char *const *group_program) {
    struct mapping mapping = {.user_program = user_program, .group_program = group_program};
    return make_namespace(geteuid(), getegid(), &mapping);
}

int ciso_enter_user_namespace(int file) {
    if (setns(file, CLONE_NEWUSER) != 0) return -errno;
    if (syscall(SYS_setresgid, 0, 0, 0) != 0 || syscall(SYS_setresuid, 0, 0, 0) != 0) return -errno;
    prctl(PR_SET_DUMPABLE, 1);
    return 0;
}

static int make_namespace(uid_t user, gid_t group, const struct mapping *mapping) {
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
    if (holder > 0 && read(ready[0], &byte, 1) == 1) {
        result = mapping->user_program ? adopt_by_programs(holder, mapping->user_program, mapping->group_program)
                                       : adopt(holder, mapping->user_map, mapping->group_map);
    }
    close(ready[0]);
    close(done[1]);
    if (holder > 0) {
        while (waitpid(holder, NULL, 0) < 0 && errno == EINTR) {}
    }
    return result;
}
