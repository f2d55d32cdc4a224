#include <linux/fs.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

// glibc declares them only for _GNU_SOURCE, which Swift does not define.
int syncfs(int descriptor);
int renameat2(int old_directory, const char *old_path, int new_directory, const char *new_path, unsigned int flags);
int sync_file_range(int descriptor, long long offset, long long count, unsigned int flags);
long syscall(long number, ...);

/// Opens `path` as if the open directory `root` were `/`: neither `..` nor a link leads out of it.
static inline int open_in_root(int root, const char *path, int flags) {
    struct open_how how = {.flags = (unsigned int)flags, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}

/// Lets the file system lay directories made in this one far from it and from each other, as ext4's `chattr +T` does.
static inline int spread_subdirectories(int descriptor) {
    int flags = 0;
    if (ioctl(descriptor, FS_IOC_GETFLAGS, &flags) != 0) return -1;
    flags |= FS_TOPDIR_FL;
    return ioctl(descriptor, FS_IOC_SETFLAGS, &flags);
}
