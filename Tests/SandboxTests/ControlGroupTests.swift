import System
import TestSupport
import Testing

@testable import Supervision

/// The location of groups on the existing kinds of machines; the tables are copies of the kernel's.
@Suite struct ControlGroupTests {
    private static let versionOne = """
        32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
        35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:5 - cgroup cgroup rw,memory
        39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
        41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
        """
    private static let versionTwo = """
        29 22 0:25 / /proc rw,nosuid - proc proc rw
        30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot
        """

    @Test func versionOneHasADirectoryPerController() {
        let found = ControlGroupHierarchy(
            membership: "9:cpu,cpuacct:/user.slice\n8:pids:/user.slice/a\n4:memory:/user.slice/a\n0::/x",
            mounts: Self.versionOne, isWritable: { _ in true }, enable: { _ in false })
        #expect(!found.isUnified)
        #expect(
            found.parents == [
                .memory: "/sys/fs/cgroup/memory/user.slice/a", .processes: "/sys/fs/cgroup/pids/user.slice/a",
                .processor: "/sys/fs/cgroup/cpu,cpuacct/user.slice",
            ])
    }

    @Test func versionTwoTakesTheNearestGroupThatMayHaveChildren() {
        let found = ControlGroupHierarchy(
            membership: "0::/user.slice/user-1000.slice/run.scope\n", mounts: Self.versionTwo,
            isWritable: { $0.contains("user-1000") }, enable: { $0.hasSuffix("user-1000.slice") })
        #expect(found.isUnified)
        #expect(Set(found.parents.values) == ["/sys/fs/cgroup/user.slice/user-1000.slice"])
        #expect(found.parents.count == 3)
    }

    @Test func theRootOfVersionTwoIsTheLastResort() {
        let found = ControlGroupHierarchy(
            membership: "0::/a/b\n", mounts: Self.versionTwo, isWritable: { _ in true },
            enable: { $0 == "/sys/fs/cgroup" })
        #expect(found.parents[.memory] == "/sys/fs/cgroup")
    }

    @Test(arguments: ["", "garbage", "0::/\n", "1:memory:/x\n:::\n"]) func whereNothingMayBeMadeNothingIs(text: String)
    {
        let found = ControlGroupHierarchy(
            membership: text, mounts: Self.versionTwo, isWritable: { _ in false }, enable: { _ in true })
        #expect(found.parents.isEmpty)
        #expect(ControlGroupHierarchy(membership: text, mounts: "garbage").parents.isEmpty)
    }

    /// Files as the kernel writes them: a child that was killed is known although its command ended well, and whose
    /// limit it was.
    @Test(
        arguments: [
            (
                ["memory.events": "low 0\nhigh 0\nmax 12\noom 1\noom_kill 1\noom_group_kill 0\n"],
                ControlGroup.Shortage.ownLimit
            ),
            (["memory.events": "low 0\nhigh 0\nmax 0\noom 0\noom_kill 3\n"], .machine),
            (["memory.events": "low 0\nhigh 9\nmax 40\noom 0\noom_kill 0\n"], nil),
            (["memory.events": "max 40\noom 1\noom_kill 0\noom_group_kill 0\n"], nil),
            (
                [
                    "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
                    "memory.max_usage_in_bytes": "67104768\n", "memory.limit_in_bytes": "67108864\n",
                ], .ownLimit
            ),
            (
                [
                    "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
                    "memory.max_usage_in_bytes": "20000000\n", "memory.limit_in_bytes": "67108864\n",
                    "memory.memsw.max_usage_in_bytes": "67108864\n", "memory.memsw.limit_in_bytes": "67108864\n",
                ], .ownLimit
            ),
            (
                [
                    "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
                    "memory.max_usage_in_bytes": "20000000\n", "memory.limit_in_bytes": "67108864\n",
                ], .machine
            ),
            (["memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n"], nil), ([:], nil),
        ] as [([String: String], ControlGroup.Shortage?)])
    func killsForMemoryAreReadFromTheKernelsCounts(files: [String: String], shortage: ControlGroup.Shortage?) throws {
        let directory = try TemporaryDirectory()
        for (name, text) in files { try directory.write(text, to: name) }
        #expect(ControlGroup.memoryShortage(in: directory.path) == shortage)
    }

    @Test(
        arguments: [
            (["pids.events": "max 3\n", "pids.max": "64\n", "pids.peak": "64\n"], ControlGroup.Shortage.ownLimit),
            (["pids.events": "max 3\n", "pids.max": "64\n", "pids.peak": "20\n"], .machine),
            (["pids.events": "max 3\n", "pids.max": "64\n"], .ownLimit), (["pids.events": "max 0\n"], nil), ([:], nil),
        ] as [([String: String], ControlGroup.Shortage?)])
    func refusedProcessesAreReadFromTheKernelsCounts(files: [String: String], shortage: ControlGroup.Shortage?) throws {
        let directory = try TemporaryDirectory()
        for (name, text) in files { try directory.write(text, to: name) }
        #expect(ControlGroup.processShortage(in: directory.path) == shortage)
    }

    @Test func withoutControlGroupsLimitsArePerProcess() {
        let group = ControlGroup.none
        #expect(group.unenforced.isEmpty)
        #expect(group.membershipFiles.isEmpty)
    }

    @Test func ownersAreReadFromNamesAndOthersAreNot() {
        #expect(ProcessIdentity(ownerOf: "ciso.12.345.6") == ProcessIdentity(process: 12, start: 345))
        #expect(ProcessIdentity(ownerOf: "12.345.6") == ProcessIdentity(process: 12, start: 345))
        for name in ["", "ciso", "a.b.c", "12.345", "12.345.x", "user@1000.service"] {
            #expect(ProcessIdentity(ownerOf: name) == nil, "\(name)")
        }
        #expect(ProcessIdentity.current.isAlive)
        #expect(!ProcessIdentity(process: ProcessIdentity.current.process, start: 1).isAlive)
    }
}
