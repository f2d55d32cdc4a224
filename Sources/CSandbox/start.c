#define _GNU_SOURCE
#include "CSandbox.h"
#include "overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

static int join_groups(const struct ciso_process *p) {
    for (int i = 0; i < p->group_count; i++) {
        int file = open(p->groups[i], O_WRONLY | O_CLOEXEC);
        if (file < 0) return -1;
        ssize_t written = write(file, "0", 1);
        close(file);
        if (written != 1) return -1;
    }
    return 0;
}

static int arrange_descriptors(const struct ciso_process *p) {
    if (dup2(p->input, 0) < 0 || dup2(p->output, 1) < 0 || dup2(p->error, 2) < 0) return -1;
    // Kernels before 5.11 lack this flag; files opened with close-on-exec are closed anyway.
    syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC);
    for (int i = 0; i < p->kept_count; i++) {
        const struct ciso_kept *kept = &p->kept[i];
        int result = kept->place == kept->descriptor ? fcntl(kept->descriptor, F_SETFD, 0)
                                                     : dup2(kept->descriptor, kept->place);
        if (result < 0) return -1;
    }
    return 0;
}

static int mount_privately(const struct ciso_process *p, enum ciso_stage *stage) {
    *stage = CISO_STAGE_USER_NAMESPACE;
    if (p->user_namespace >= 0 && setns(p->user_namespace, CLONE_NEWUSER) != 0) return -1;
    if (p->overlay == NULL) return 0;
    *stage = CISO_STAGE_MOUNT_NAMESPACE;
    if (unshare(CLONE_NEWNS) != 0) return -1;
    if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) != 0) return -1;
    *stage = CISO_STAGE_OVERLAY;
    return ciso_mount_overlay(p->overlay);
}

static int set_limits(const struct ciso_process *p) {
    for (int i = 0; i < p->limit_count; i++) {
        struct rlimit limit;
        if (getrlimit(p->limits[i].resource, &limit) != 0) return -1;
        // Never above the limit of this process.
        rlim_t value = p->limits[i].value < limit.rlim_max ? p->limits[i].value : limit.rlim_max;
        limit.rlim_cur = limit.rlim_max = value;
        if (setrlimit(p->limits[i].resource, &limit) != 0) return -1;
    }
    return 0;
}

// The C library's wrappers would change every thread of the parent, whose memory this process shares.
static int change_user(const struct ciso_process *p) {
    if (p->group >= 0) {
        if (syscall(SYS_setgroups, 0, NULL) != 0) return -1;
        if (syscall(SYS_setresgid, p->group, p->group, p->group) != 0) return -1;
    }
    if (p->user >= 0 && syscall(SYS_setresuid, p->user, p->user, p->user) != 0) return -1;
    return 0;
}

/// Runs in the new process, in the parent's memory. Returns only on failure.
static enum ciso_stage become(const struct ciso_process *p, pid_t parent) {
    enum ciso_stage stage = CISO_STAGE_FORK;
    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (int number = 1; number < 32; number++) sigaction(number, &standard, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (!p->foreground) setsid();
    umask(022);
    stage = CISO_STAGE_CONTROL_GROUP;
    if (join_groups(p) != 0) return stage;
    if (mount_privately(p, &stage) != 0) return stage;
    stage = CISO_STAGE_RESOURCE_LIMIT;
    if (arrange_descriptors(p) != 0 || set_limits(p) != 0) return stage;
    stage = CISO_STAGE_USER;
    if (change_user(p) != 0) return stage;
    // After the change of user, which resets it.
    if (p->bound && prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return stage;
    if (p->bound && getppid() != parent) {
        errno = ESRCH;
        return stage;
    }
    stage = CISO_STAGE_EXEC;
    execve(p->path, p->arguments, p->environment);
    return stage;
}

struct ciso_start ciso_start_process(const struct ciso_process *process) {
    // Written by the child, which shares this memory.
    volatile struct ciso_start result = {.process = -1, .stage = CISO_STAGE_FORK, .error = 0};
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t parent = getpid();
    pid_t child = vfork();
    if (child == 0) {
        result.stage = become(process, parent);
        result.error = errno ? errno : EIO;
        _exit(127);
    }
    int failure = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (child < 0) {
        result.error = failure;
    } else if (result.error != 0) {
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
    } else {
        result.process = child;
    }
    return (struct ciso_start){.process = result.process, .stage = result.stage, .error = result.error};
}

int ciso_memory_file(const void *bytes, size_t count) {
    int file = memfd_create("ciso", MFD_CLOEXEC);
    if (file < 0) return -errno;
    const char *rest = bytes;
    while (count > 0) {
        ssize_t written = write(file, rest, count);
        if (written <= 0) {
            int error = errno;
            close(file);
            return -error;
        }
        rest += written;
        count -= (size_t)written;
    }
    lseek(file, 0, SEEK_SET);
    return file;
}

int ciso_process_descriptor(pid_t process) {
    int file = (int)syscall(SYS_pidfd_open, process, 0);
    return file < 0 ? -errno : file;
}

int ciso_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

void ciso_synchronize(int file) { syncfs(file); }
