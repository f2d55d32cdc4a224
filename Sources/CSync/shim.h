#include <linux/fs.h>
#include <sys/ioctl.h>

// glibc declares them only for _GNU_SOURCE, which Swift does not define.
int syncfs(int descriptor);
int renameat2(int old_directory, const char *old_path, int new_directory, const char *new_path, unsigned int flags);
int sync_file_range(int descriptor, long long offset, long long count, unsigned int flags);

/// Lets the file system lay directories made in this one far from it and from each other, as ext4's `chattr +T` does.
static inline int spread_subdirectories(int descriptor) {
    int flags = 0;
    if (ioctl(descriptor, FS_IOC_GETFLAGS, &flags) != 0) return -1;
    flags |= FS_TOPDIR_FL;
    return ioctl(descriptor, FS_IOC_SETFLAGS, &flags);
}
