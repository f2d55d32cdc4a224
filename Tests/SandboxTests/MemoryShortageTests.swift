import Foundation
import Glibc
import Sandbox
import SandboxTestSupport
import Supervision
import TestSupport
import Testing

/// Whose memory limit was reached, and that a lost process is never overlooked.
@Suite(
    .serialized, .enabled(if: SandboxFixture.isSandboxPossible && getuid() == 0, "needs bubblewrap and root"))
struct MemoryShortageTests {
    private let fixture: SandboxFixture

    init() throws { fixture = try SandboxFixture() }

    private static let isStarved = ProcessInfo.processInfo.environment["CISO_TEST_STARVED"] != nil
    /// The control group of version 1 for this process's memory.
    private static let group: String? = {
        let membership = (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? ""
        let line = membership.split(separator: "\n").first { $0.split(separator: ":").dropFirst().first == "memory" }
        let path = line.map { "/sys/fs/cgroup/memory" + $0.split(separator: ":")[2] }
        return path.flatMap { access($0, W_OK) == 0 ? $0 : nil }
    }()

    private func run(_ script: String, memory: Int) async throws -> (CommandResult, String) {
        let limits = Limits(time: .seconds(60), memory: memory, disk: 32 << 20)
        return try await fixture.sandbox().sh(script, limits: limits)
    }

    /// The command continues and succeeds, but the work of one of its processes was not done.
    @Test(arguments: ["tail /dev/zero || true", "(tail /dev/zero; echo lost) & wait; exit 0", "tail /dev/zero | cat"])
    func aProcessKilledForMemoryIsNoSuccess(script: String) async throws {
        let (result, output) = try await run(script, memory: 64 << 20)
        #expect(result.ending == .outOfMemory, "\(result) \(output)")
        #expect(!result.isInfrastructure)
        #expect(result.detail?.contains("memory limit of 64 MiB") == true, "\(result)")
    }

    @Test func enoughMemoryIsASuccess() async throws {
        let (result, output) = try await run("head -c 20000000 /dev/zero | tail -c 1 | wc -c", memory: 256 << 20)
        #expect(result.ending == .exited(0), "\(result) \(output)")
        #expect(result.detail == nil)
    }

    /// A group above has less than the job may use: the machine is to blame, however the command ends.
    @Test(.enabled(if: group != nil && !isStarved, "needs control groups of version 1"))
    func aMachineWithoutMemoryIsToBlame() throws {
        let group = try #require(Self.group) + "/ciso-test-\(getpid())"
        try #require(mkdir(group, 0o755) == 0)
        defer {
            for _ in 0..<100 where rmdir(group) != 0 { usleep(20_000) }
        }
        for file in ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"] {
            try "\(400 << 20)".write(toFile: "\(group)/\(file)", atomically: false, encoding: .utf8)
        }
        var program = try Program(running: "aStarvedJob", environment: ["CISO_TEST_STARVED": "1"])
        program.words = ["/bin/sh", "-c", "echo $$ > \(group)/cgroup.procs && exec \"$@\"", "sh"] + program.words
        let ending = try program.run()
        #expect(ending.status == 0, "\(ending.output)")
        #expect(ending.output.contains("4 test cases passed"), "\(ending.output)")
    }

    /// Not a test by itself: run by the one above, in a group with little memory.
    @Test(
        .enabled(if: isStarved, "run by the test above"),
        arguments: [
            "tail /dev/zero", "tail /dev/zero || true", "tail /dev/zero || exit 3", "sleep 1 & tail /dev/zero; wait",
        ])
    func aStarvedJob(script: String) async throws {
        let (result, output) = try await run(script, memory: 2 << 30)
        #expect(result.ending == .hostOutOfMemory, "\(result) \(output)")
        #expect(result.isInfrastructure)
        #expect(result.detail?.contains("limit of 2048 MiB") == true, "\(result)")
    }

    /// No process inside can reach the process that holds the sandbox, so it was killed from outside.
    @Test func killingTheSandboxFromOutsideIsTheMachinesDoing() async throws {
        let sandbox = try fixture.sandbox()
        let task = Task {
            await sandbox.sh("true; sleep 31180", limits: Limits(time: .seconds(600))).result
        }
        func inside() -> [pid_t] {
            ProcessTable.identifiers.filter { ProcessTable.words(of: $0).suffix(2) == ["sleep", "31180"] }
        }
        try await waitUntil("the command runs") { !inside().isEmpty }
        let command = try #require(inside().first)
        // The parents of the command are its shell and the first process of the namespace.
        let shell = try #require(parent(of: command))
        let first = try #require(parent(of: shell))
        let holder = try #require(parent(of: first))
        kill(holder, SIGKILL)
        let result = await task.value
        #expect(result.ending == .killedFromOutside(SIGKILL), "\(result)")
        #expect(result.isInfrastructure)
    }

    private func parent(of process: pid_t) -> pid_t? {
        let text = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("PPid:") }
        return line.flatMap { pid_t($0.split(separator: "\t").last ?? "") }
    }
}
