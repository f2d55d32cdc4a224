import System
import Testing

@testable import Supervision

/// Where groups are made, on the kinds of machine that exist; tables of the kernel's as they are there.
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

    @Test func withoutGroupsLimitsAreSetPerProcessAndThatIsSaid() {
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
