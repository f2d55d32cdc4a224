// glibc declares them only for _GNU_SOURCE, which Swift does not define.
int syncfs(int descriptor);
int renameat2(int old_directory, const char *old_path, int new_directory, const char *new_path, unsigned int flags);
int sync_file_range(int descriptor, long long offset, long long count, unsigned int flags);
