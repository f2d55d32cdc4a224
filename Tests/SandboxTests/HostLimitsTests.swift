import Glibc
import Testing

@testable import Supervision

/// The conditions under which a job's message about a refused resource is believed.
@Suite struct HostLimitsTests {
    private static let usual = [
        "/proc/meminfo":
            "MemTotal:       16384000 kB\nSwapTotal:   0 kB\nCommitLimit: 8000000 kB\nCommitted_AS: 7900000 kB\n",
        "/proc/sys/vm/overcommit_memory": "0\n", "/proc/sys/kernel/pid_max": "4194304\n",
        "/proc/sys/kernel/threads-max": "120000\n", "/proc/sys/fs/file-nr": "2000\t0\t9223372036854775807\n",
        "/sys/fs/cgroup/user.slice/memory.max": "max\n", "/sys/fs/cgroup/user.slice/pids.max": "33000\n",
    ]

    private func shortage(
        of resource: HostLimits.Resource, membership: String = "0::/user.slice/a.scope\n",
        _ changes: [String: String] = [:],
        inherited: Int? = nil
    ) -> String? {
        let files = Self.usual.merging(changes) { $1 }
        let limits = HostLimits(membership: membership, read: { files[$0] }, inherited: { _ in inherited })
        return limits.shortage(of: resource, for: Limits())
    }

    @Test func anOrdinaryMachineIsShortOfNothing() {
        for resource in HostLimits.Resource.allCases { #expect(shortage(of: resource) == nil, "\(resource)") }
    }

    @Test func everyTighterLimitIsNamed() {
        #expect(
            shortage(of: .memory, ["/proc/meminfo": "MemTotal: 2048000 kB\n"])
                == "this machine's memory limits memory to 2000 MiB, the job's own limit is 4096 MiB")
        #expect(shortage(of: .memory, ["/proc/sys/vm/overcommit_memory": "2\n"])?.contains("overcommit") == true)
        #expect(shortage(of: .memory, ["/sys/fs/cgroup/user.slice/memory.max": "1000000\n"])?.contains("slice") == true)
        #expect(
            shortage(
                of: .memory, membership: "4:memory:/docker/x\n3:pids:/y\n",
                ["/sys/fs/cgroup/memory/docker/memory.limit_in_bytes": "1000000\n"])?.contains("/docker ") == true)
        #expect(shortage(of: .processes, ["/sys/fs/cgroup/user.slice/pids.max": "64\n"])?.contains("to 64") == true)
        #expect(shortage(of: .processes, inherited: 100)?.contains("ulimit -u") == true)
        #expect(shortage(of: .files, inherited: 256)?.contains("ulimit -n") == true)
        #expect(shortage(of: .files, ["/proc/sys/fs/file-nr": "999990 0 1000000\n"])?.contains("file-max") == true)
    }

    @Test func ofThisProcessIsRead() {
        let limits = HostLimits.ofThisProcess()
        #expect(limits.shortage(of: .memory, for: Limits(memory: nil))?.contains("memory to") == true)
        #expect(limits.shortage(of: .memory, for: Limits(memory: 1)) == nil)
    }
}
