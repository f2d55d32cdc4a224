/// Starts processes in namespaces. This cannot be written in Swift: between vfork and exec only system calls are allowed.
#ifndef CISO_SANDBOX_H
#define CISO_SANDBOX_H

#include <stdint.h>
#include <sys/types.h>

/// An overlay file system that is mounted only for the new process.
struct ciso_overlay {
    /// The lower directories, topmost first.
    const char *const *lowers;
    int lower_count;
    const char *upper;
    const char *work;
    /// The mount point, which must exist.
    const char *target;
    /// A directory with one symbolic link per lower directory, named 0, 1, 2 …; for kernels before 6.5, whose mount
    /// options must fit into one page.
    const char *links;
    /// Non-zero in a user namespace: overlayfs then stores its marks in extended attributes of the class "user".
    int user_attributes;
};

struct ciso_resource_limit {
    int resource;
    uint64_t value;
};

/// An open file that a process inherits.
struct ciso_kept {
    int descriptor;
    /// Its descriptor in the process: the same number, or one that no other inherited file has.
    int place;
};

/// The program to start, and its environment.
struct ciso_process {
    const char *path;
    char *const *arguments;
    char *const *environment;
    /// The standard input, output and error.
    int input;
    int output;
    int error;
    /// Other files that the process inherits.
    const struct ciso_kept *kept;
    int kept_count;
    /// The user and group to change to, if not negative. Supplementary groups are dropped.
    int64_t user;
    int64_t group;
    /// A user namespace to enter before mounting, or -1.
    int user_namespace;
    /// NULL for no mount and no mount namespace.
    const struct ciso_overlay *overlay;
    /// The files `cgroup.procs` of the control groups to join.
    const char *const *groups;
    int group_count;
    const struct ciso_resource_limit *limits;
    int limit_count;
    /// Non-zero: it is killed when the thread that starts it ends.
    int bound;
    /// Non-zero: it stays in this process's session and group, so that it may use the terminal.
    int foreground;
};

/// The step of a start that failed.
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
    /// Negative if it did not start.
    pid_t process;
    enum ciso_stage stage;
    /// An errno value.
    int error;
};

/// Starts a process. Its mount is removed with the last process inside.
struct ciso_start ciso_start_process(const struct ciso_process *process);

/// Creates a user namespace owned by `user` with these maps of user and group ids (lines "INSIDE OUTSIDE COUNT\n").
/// Returns a descriptor, or a negated errno value.
int ciso_user_namespace(uid_t user, gid_t group, const char *user_map, const char *group_map);

/// Creates a user namespace of this user, whose ids are mapped by the programs newuidmap and newgidmap, given by their
/// paths and arguments without the process id. Returns a descriptor, or a negated errno value.
int ciso_user_namespace_by_programs(char *const *user_program, char *const *group_program);

/// Moves this process, which must have a single thread, into a user namespace and makes it root there. Returns 0, or a
/// negated errno value.
int ciso_enter_user_namespace(int file);

/// A file with the BPF program that bubblewrap loads: system calls that builds do not need fail with EPERM.
/// Returns a negated errno value on failure.
int ciso_seccomp_program(void);

/// An anonymous file that contains `bytes`, positioned at its start. Returns a negated errno value on failure.
int ciso_memory_file(const void *bytes, size_t count);

/// Sends `bytes` and, with them, an open file through a Unix socket. Returns 0, or a negated errno value.
int ciso_send_descriptor(int socket, const void *bytes, size_t count, int descriptor);

/// A descriptor that becomes readable when the process has ended. Returns a negated errno value on failure.
int ciso_process_descriptor(pid_t process);

/// Creates a pipe whose ends are not inherited by other processes. Returns -1 and sets errno on failure.
int ciso_pipe(int ends[2]);

/// Waits until all writes to the file system of `file` are on disk.
void ciso_synchronize(int file);

#endif
