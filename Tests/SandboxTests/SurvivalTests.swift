import Core
import Foundation
import Layers
import Sandbox
import SandboxTestSupport
import Supervision
import System
import TestSupport
import Testing

/// The state after a runner was killed, and its cleanup by the next one.
@Suite(.enabled(if: SandboxFixture.isSandboxPossible && getuid() == 0, "needs bubblewrap and root"))
struct SurvivalTests {
    private static let victimDirectory = ProcessInfo.processInfo.environment["CISO_TEST_VICTIM"]

    /// Not a test by itself: the work of the other process until it is killed.
    @Test(.enabled(if: victimDirectory != nil, "run by the tests below")) func victim() async throws {
        let path = try #require(Self.victimDirectory)
        let fixture = try SandboxFixture()
        let sandbox = try Sandbox(fixture.layout, in: path + "/sandboxes")
        let script = "echo $$ > /home/build/started; setsid sleep 31200 & sleep 31200"
        let task = Task { await sandbox.sh(script, limits: Limits(memory: 256 << 20)) }
        let started = sandbox.changes + "/home/build/started"
        for _ in 0..<18_000 where !FileManager.default.fileExists(atPath: started) { usleep(10_000) }
        try "x".write(toFile: path + "/ready", atomically: true, encoding: .utf8)
        _ = await task.value
    }

    /// Not a test by itself: makes an environment in two steps; by default, the second one takes long.
    @Test(.enabled(if: victimDirectory != nil, "run by the tests below")) func maker() async throws {
        let path = try #require(Self.victimDirectory)
        _ = try await Self.make(in: path)
    }

    private static func make(in path: String) async throws -> String {
        let script = """
            echo begun >> "$CISO_CACHE/log"; mkdir "$CISO_ROOT/half"
            [ -f \(path)/hurry ] || { echo > \(path)/ready; sleep 31201; }
            mkdir "$CISO_ROOT/whole"
            """
        let step = BootstrapStep(
            .host, Command(name: "fill", .script(script), environment: ["PATH": "/usr/bin:/bin"]))
        return try await EnvironmentStore(path + "/environments").make(Digest(of: "x"), steps: [step])
    }

    /// A test of this suite, run by a separate process that has reached the point at which it is killed.
    private static func started(_ test: String, in path: String) throws -> RunningProgram {
        let other = try Program(
            running: "SurvivalTests/\(test)", environment: ["CISO_TEST_VICTIM": path, "TMPDIR": path]
        ).start()
        let ready = path + "/ready"
        for _ in 0..<18_000 where !FileManager.default.fileExists(atPath: ready) && other.isRunning { usleep(10_000) }
        return other
    }

    @Test(.enabled(if: victimDirectory == nil)) func environmentsOfKilledBuildersAreRebuilt() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path
        let other = try Self.started("maker", in: path)
        other.kill(SIGKILL)
        other.wait()
        #expect(EnvironmentStore(path + "/environments").existing(Digest(of: "x")) == nil)
        try "x".write(toFile: path + "/hurry", atomically: true, encoding: .utf8)
        let root = try await Self.make(in: path)
        #expect(try FileManager.default.contentsOfDirectory(atPath: root).sorted() == ["half", "whole"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: path + "/environments/incoming").isEmpty)
        #expect(runningSleepers("31201") == 0)
    }

    @Test(.enabled(if: victimDirectory == nil)) func aKilledRunnerLeavesNoProcessAndNoMountAndItsFilesAreRemovedNext()
        throws
    {
        let directory = try TemporaryDirectory()
        let path = directory.path
        let other = try Self.started("victim", in: path)
        #expect(runningSleepers() == 2)
        // A sandbox is not removed while the process that made it is alive.
        #expect(ScratchDirectory.removeLeftovers(in: path + "/sandboxes").isEmpty)
        other.kill(SIGKILL)
        other.wait()
        for _ in 0..<200 where runningSleepers() > 0 { usleep(10_000) }
        #expect(runningSleepers() == 0)
        let mounts = try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
        #expect(!mounts.contains(path))
        #expect(ScratchDirectory.removeLeftovers(in: path + "/sandboxes").count == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: path + "/sandboxes").isEmpty)
    }

    /// Without root: user namespaces, an overlay mounted inside, no control groups.
    @Test(.enabled(if: victimDirectory == nil), arguments: ["SandboxTests", "LayerTests"])
    func everythingWorksForAnOrdinaryUser(suite: String) throws {
        let directory = try TemporaryDirectory()
        let home = directory.path
        chmod(home, 0o777)
        let ending = try Program(running: suite, as: 12345, environment: ["TMPDIR": home]).run()
        #expect(ending.status == 0, "\(ending.output.suffix(3000))")
        #expect(ending.output.contains("passed"))
        let left = try FileManager.default.subpathsOfDirectory(atPath: home)
        #expect(left == [])
    }

    private func runningSleepers(_ seconds: String = "31200") -> Int {
        ProcessTable.running("sleep", seconds).count
    }
}
