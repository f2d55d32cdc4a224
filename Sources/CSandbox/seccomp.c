#define _GNU_SOURCE
#include "CSandbox.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#elif defined(__riscv)
#define NATIVE AUDIT_ARCH_RISCV64
#endif

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ANSWER(value) BPF_STMT(BPF_RET | BPF_K, (value))
#define REFUSE(error) ANSWER(SECCOMP_RET_ERRNO | (error))
#define UNLESS(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (skip))

/// System calls that builds do not need: modules, other programs' memory and keys, mounts, new namespaces, the clock,
/// swap, tracing, and io_uring, which bypasses every filter.
static const int refused[] = {
    SYS_acct, SYS_add_key, SYS_bpf, SYS_clock_settime, SYS_delete_module, SYS_finit_module, SYS_init_module,
    SYS_kexec_load, SYS_keyctl, SYS_lookup_dcookie, SYS_mount, SYS_move_pages, SYS_name_to_handle_at,
    SYS_nfsservctl, SYS_open_by_handle_at, SYS_perf_event_open, SYS_pivot_root, SYS_process_vm_readv,
    SYS_process_vm_writev, SYS_quotactl, SYS_reboot, SYS_request_key, SYS_setns, SYS_sethostname,
    SYS_setdomainname, SYS_settimeofday, SYS_swapoff, SYS_swapon, SYS_syslog, SYS_umount2, SYS_unshare,
    SYS_userfaultfd, SYS_vhangup,
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
#ifdef SYS_iopl
    SYS_iopl, SYS_ioperm,
#endif
#ifdef SYS_io_uring_setup
    SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register,
#endif
#ifdef SYS_open_tree
    SYS_open_tree, SYS_move_mount, SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick,
#endif
#ifdef SYS_mount_setattr
    SYS_mount_setattr,
#endif
};

enum { REFUSED = sizeof refused / sizeof refused[0] };

int ciso_seccomp_program(void) {
    struct sock_filter program[2 * REFUSED + 32];
    int length = 0;
#define ADD(...) program[length++] = (struct sock_filter)__VA_ARGS__
#ifdef NATIVE
    ADD(LOAD(arch));
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE, 1, 0));
    ADD(REFUSE(ENOSYS));
#endif
    ADD(LOAD(nr));
#ifdef __x86_64__
    // The x32 numbers of the same calls.
    ADD(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1));
    ADD(REFUSE(ENOSYS));
#endif
    // Its flags are in memory that a filter cannot read; programs fall back to clone.
    ADD(UNLESS(SYS_clone3, 1));
    ADD(REFUSE(ENOSYS));
    for (int i = 0; i < REFUSED; i++) {
        ADD(UNLESS((unsigned)refused[i], 1));
        ADD(REFUSE(EPERM));
    }
    ADD(UNLESS(SYS_clone, 3));
    ADD(LOAD(args[0]));
    ADD(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET, 0, 1));
    ADD(REFUSE(EPERM));
    ADD(ANSWER(SECCOMP_RET_ALLOW));
#undef ADD
    return ciso_memory_file(program, (size_t)length * sizeof program[0]);
}
