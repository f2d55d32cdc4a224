// glibc declares it only for _GNU_SOURCE, which Swift does not define.
int syncfs(int descriptor);
