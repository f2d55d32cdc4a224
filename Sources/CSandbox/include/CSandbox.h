/// Starting a process inside namespaces, where Swift cannot go: between vfork and exec only system calls are allowed.
#ifndef CISO_SANDBOX_H
#define CISO_SANDBOX_H

#include <stdint.h>
#include <sys/types.h>

/// An overlay file system to mount for the new process alone.
struct ciso_overlay {
    /// Lower directories, the topmost first.
    const char *const *lowers;
    int lower_count;
    const char *upper;
    const char *work;
    /// Where it is mounted; must exist.
    const char *target;
    /// A directory with one symbolic link per lower directory, named 0, 1, 2 …; for kernels before 6.5, whose mount
    /// options must fit into one page.
    const char *links;
    /// Non-zero inside a user namespace: keep overlay's marks in attributes of the "user" class.
    int user_attributes;
};

struct ciso_resource_limit {
    int resource;
    uint64_t value;
};

/// An open file that a process keeps.
struct ciso_kept {
    int descriptor;
    /// The number by which the process has it: the same one, or one of no other file that it keeps.
    int place;
};

/// What to start, and in which surroundings.
struct ciso_process {
    const char *path;
    char *const *arguments;
    char *const *environment;
    /// Become standard input, output and error.
    int input;
    int output;
    int error;
    /// Other files that the process keeps.
    const struct ciso_kept *kept;
    int kept_count;
    /// Changed to before the process starts, when not negative. Groups are given up.
    int64_t user;
    int64_t group;
    /// A user namespace to enter before mounting, or -1.
    int user_namespace;
    /// NULL: no mount and no mount namespace.
    const struct ciso_overlay *overlay;
    /// Files `cgroup.procs` of the control groups to join.
    const char *const *groups;
    int group_count;
    const struct ciso_resource_limit *limits;
    int limit_count;
    /// Non-zero: it dies with the thread that starts it.
    int bound;
    /// Non-zero: it stays in this process's session and group, so that it may use the terminal.
    int foreground;
};

/// How far a start came.
enum ciso_stage {
    CISO_STAGE_FORK,
    CISO_STAGE_CONTROL_GROUP,
    CISO_STAGE_USER_NAMESPACE,
    CISO_STAGE_MOUNT_NAMESPACE,
    CISO_STAGE_OVERLAY,
    CISO_STAGE_RESOURCE_LIMIT,
    CISO_STAGE_USER,
    CISO_STAGE_EXEC,
};

struct ciso_start {
    /// Negative: it did not start.
    pid_t process;
    enum ciso_stage stage;
    /// An errno value.
    int error;
};

/// Starts a process. The mount dies with the last process inside.
struct ciso_start ciso_start_process(const struct ciso_process *process);

/// A new user namespace owned by `user`, in which user and group ids are those of `map` ("INSIDE OUTSIDE COUNT\n" lines).
/// Returns a descriptor, or a negated errno value.
int ciso_user_namespace(uid_t user, gid_t group, const char *user_map, const char *group_map);

/// A new user namespace of this user, whose ids are mapped by the programs newuidmap and newgidmap: their path, then their
/// arguments but for the process. Returns a descriptor, or a negated errno value.
int ciso_user_namespace_by_programs(char *const *user_program, char *const *group_program);

/// Moves this process, which must have a single thread, into a user namespace and makes it root there. Returns 0, or a
/// negated errno value.
int ciso_enter_user_namespace(int file);

/// A file descriptor with the BPF program that bubblewrap loads: system calls that no build needs fail by EPERM.
/// Returns a negated errno value on failure.
int ciso_seccomp_program(void);

/// An anonymous file that holds `bytes`, read from its start. Returns a negated errno value on failure.
int ciso_memory_file(const void *bytes, size_t count);

/// Sends `bytes` and, with them, an open file through a Unix socket. Returns 0, or a negated errno value.
int ciso_send_descriptor(int socket, const void *bytes, size_t count, int descriptor);

/// A descriptor that becomes readable when the process is gone. Returns a negated errno value on failure.
int ciso_process_descriptor(pid_t process);

/// A pipe whose ends no other process inherits. Returns -1 and sets errno on failure.
int ciso_pipe(int ends[2]);

/// Waits until all that was written to the file system of `file` is on disk.
void ciso_synchronize(int file);

#endif
