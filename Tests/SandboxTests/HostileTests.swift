import Core
import Foundation
import Layers
import Sandbox
import SandboxTestSupport
import Supervision
import TestSupport
import Testing

/// Malicious packages, each with the expected outcome. The runner survives all of them and reports the event, and no
/// process, mount or file of theirs remains.
@Suite(
    .serialized, .enabled(if: SandboxFixture.isSandboxPossible && getuid() == 0, "needs bubblewrap and root"))
struct HostileTests {
    let fixture: SandboxFixture

    init() throws { fixture = try SandboxFixture() }

    private static let bounded = Limits(
        time: .seconds(20), silence: .seconds(15), memory: 128 << 20, processes: 60, disk: 32 << 20, output: 1 << 20)

    private func run(
        _ script: String, user: Command.User = .build, _ change: (inout Limits) -> Void = { _ in }
    ) async throws -> (CommandResult, String) {
        var limits = Self.bounded
        change(&limits)
        let (result, output) = try await fixture.sandbox().sh(script, user: user, limits: limits)
        return (result, output)
    }

    /// Processes of this machine whose command line has `marker`.
    private func processes(with marker: String) -> [pid_t] {
        ProcessTable.identifiers.filter { ProcessTable.words(of: $0).contains { $0.contains(marker) } }
    }

    @Test func aForkBombHitsItsLimitAndDies() async throws {
        let (result, output) = try await run("perl -e 'while (1) { defined(fork) or exit 1 } # 31173'")
        #expect(result.ending == .processLimit, "\(output.suffix(300))")
        #expect(processes(with: "31173").isEmpty)
    }

    @Test func aMemoryHogIsNamedAsSuch() async throws {
        let (result, _) = try await run(
            "tail /dev/zero")
        #expect(result.ending == .outOfMemory)
        #expect(result.peakMemory ?? 0 > 64 << 20)
        #expect(result.peakMemory ?? .max <= 128 << 20)
    }

    @Test(arguments: [
        "head -c 500M /dev/zero > f", "i=0; while :; do i=$((i+1)); head -c 4M /dev/zero > /tmp/f$i; done",
    ])
    func aDiskFillerIsStopped(script: String) async throws {
        let (result, output) = try await run(script)
        #expect(result.ending == .diskLimit, "\(output)")
    }

    @Test func manyEmptyFilesFillTheDiskToo() async throws {
        let (result, _) = try await run("i=0; while :; do i=$((i+1)); : > f$i; done") { $0.disk = 4 << 20 }
        #expect(result.ending == .diskLimit)
    }

    @Test func endlessOutputIsCut() async throws {
        let (result, output) = try await run("yes something long enough to be a log line")
        #expect(result.ending == .outputLimit)
        #expect(output.utf8.count == 1 << 20)
    }

    @Test func aSilentCommandIsStopped() async throws {
        let (result, output) = try await run("echo begin; sleep 31174") { $0.silence = .seconds(1) }
        #expect(result.ending == .timedOut(.silence))
        #expect(output == "begin\n")
        #expect(processes(with: "31174").isEmpty)
    }

    @Test func outputDoesNotExtendTheTimeLimit() async throws {
        let (result, _) = try await run("while :; do echo still here; sleep 0.1; done") { $0.time = .seconds(1) }
        #expect(result.ending == .timedOut(.wall))
    }

    /// Neither the time limit nor the report after it waits for the count of the files, or for their removal.
    @Test func manyFilesDoNotDelayTheTimeLimit() async throws {
        let (files, limit) = LongForm.isWanted ? (200_000, 30) : (5_000, 3)
        let (result, _) = try await run("seq \(files) | xargs touch; sleep 31176") {
            $0.time = .seconds(limit)
            $0.silence = nil
            $0.disk = 8 << 30
        }
        #expect(result.ending == .timedOut(.wall))
        print("\(files) files, a limit of \(limit) s: returned after \(result.duration)")
    }

    @Test func ignoringSignalsDoesNotHelp() async throws {
        let (result, _) = try await run("trap '' TERM INT HUP; setsid sleep 31175 & sleep 31175") {
            $0.time = .seconds(1)
        }
        #expect(result.ending == .timedOut(.wall))
        #expect(processes(with: "31175").isEmpty)
    }

    @Test func aDaemonLeftBehindIsNotLeft() async throws {
        let (result, _) = try await run("(setsid sleep 31176 < /dev/null > /dev/null 2>&1 &) ; exit 0")
        #expect(result.succeeded)
        #expect(processes(with: "31176").isEmpty)
    }

    @Test func daemonsThatKeepTheOutputOpenAreNotAwaited() async throws {
        let (result, output) = try await run("(setsid sleep 31177 &) ; echo done")
        // Otherwise, it would wait for hours, and reach its time limit.
        #expect(result.succeeded)
        #expect(output == "done\n")
    }

    @Test func nothingOutsideIsWritten() async throws {
        let victim = fixture.path + "/victim"
        try "precious".write(toFile: victim, atomically: true, encoding: .utf8)
        chmod(victim, 0o666)
        let (_, output) = try await run(
            """
            for f in \(victim) /usr/bin/ciso-was-here /etc/ciso-was-here /proc/sys/kernel/core_pattern /proc/sysrq-trigger; do
                (echo bad > $f) 2>/dev/null && echo "wrote $f"
            done; ls \(fixture.path) 2>&1 || true
            """)
        #expect(!output.contains("wrote"))
        #expect(output.contains("No such file"))
        #expect(try String(contentsOfFile: victim, encoding: .utf8) == "precious")
    }

    @Test func rootOfTheSandboxIsUnprivilegedOutside() async throws {
        let (_, output) = try await run(
            """
            for f in /usr/bin/ciso-was-here /proc/sys/kernel/core_pattern /proc/sys/vm/drop_caches; do
                (echo bad > $f) 2>/dev/null && echo "wrote $f"
            done
            mount -t tmpfs none /root 2>/dev/null && echo mounted
            mount -o remount,rw,bind /usr 2>/dev/null && echo remounted
            mknod /root/disk b 8 0 2>/dev/null && echo device
            unshare -m true 2>/dev/null && echo unshared
            chroot / true 2>/dev/null || true
            date -s 2001-01-01 2>/dev/null >&2 && echo clock
            echo end
            """, user: .root)
        #expect(output == "end\n")
    }

    @Test func thereIsNoNetworkByDefault() async throws {
        let script = "cat /proc/net/dev | tail -n +3 | cut -d: -f1; (exec 3<>/dev/tcp/127.0.0.1/22) 2>&1 | head -1"
        let sandbox = try fixture.sandbox()
        let (_, output) = await sandbox.sh("bash -c '\(script)'", limits: Self.bounded)
        #expect(output.contains("lo"))
        #expect(output.contains("refused"))
        #expect(!output.contains("eth"))
        let inside = await sandbox.sh("readlink /proc/self/ns/net").output
        let outside = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/net")
        #expect(inside != outside + "\n")
        #expect(await sandbox.sh("readlink /proc/self/ns/net", network: true).output == outside + "\n")
    }

    @Test func linksOutOfTheSandboxAreCapturedAsLinks() async throws {
        let sandbox = try fixture.sandbox()
        let script =
            "ln -s \(fixture.path) out; ln -s /etc/shadow shadow; ln -s ../../../../../../.. up; mkdir d; ln -s /etc d/etc"
        #expect(await sandbox.sh(script, limits: Self.bounded).result.succeeded)
        let store = LayerStore(fixture.path + "/layers")
        let layer = try store.capture(sandbox, paths: ["home"])
        let directory = try await store.unpacked(layer.digest)
        #expect(
            try FileManager.default.destinationOfSymbolicLink(atPath: directory + "/home/build/shadow") == "/etc/shadow"
        )
        #expect(layer.entries == 7)
    }

    @Test func setUserIDProgramsGiveNothing() async throws {
        let sandbox = try fixture.sandbox()
        #expect(
            await sandbox.sh("cp /usr/bin/id /home/build/id; chmod 4755 /home/build/id", user: .root).result.succeeded)
        let (_, output) = await sandbox.sh(
            "./id -u; grep -c 'NoNewPrivs:.*1' /proc/self/status; grep CapEff /proc/self/status")
        #expect(output == "1000\n1\nCapEff:\t0000000000000000\n")
    }

    @Test func namespacesCannotBeNested() async throws {
        let (_, output) = try await run("unshare -Ur id 2>&1 || grep Seccomp: /proc/self/status")
        let (entering, _) = try await run("for f in /proc/self/fd/*; do nsenter --user=$f true && exit 0; done; exit 7")
        #expect(entering.ending == .exited(7))
        #expect(output.contains("not permitted"))
        #expect(output.contains("Seccomp:\t2"))
    }

    @Test func noDescriptorOfTheRunnerIsInherited() async throws {
        let (_, output) = try await run("for f in /proc/self/fd/*; do readlink $f; done | sort -u")
        // bubblewrap leaves open the user namespace that it entered; it cannot be entered again (see above).
        let open = output.split(separator: "\n").filter { name in
            !["/proc/", "pipe:", "user:"].contains { name.hasPrefix($0) }
        }
        #expect(open == ["/dev/null"], "\(output)")
    }

    @Test func deepTreesAreRemoved() async throws {
        let path: String
        do {
            let sandbox = try fixture.sandbox()
            let script = "perl -e 'for (1..600) { mkdir q(some-directory); chdir q(some-directory) or die }'"
            #expect(await sandbox.sh(script, limits: Self.bounded).result.succeeded)
            path = sandbox.changes
            let error = #expect(throws: Failure.self) {
                try LayerStore(fixture.path + "/layers").capture(sandbox, paths: ["home"])
            }
            #expect(error?.category == .input, "the package is to blame")
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func cancellingKillsAtOnce() async throws {
        let sandbox = try fixture.sandbox()
        let (printed, begun) = AsyncStream.makeStream(of: Void.self)
        let command = Command(
            name: "test", .script("echo begun; sleep 31178 & sleep 31178"), environment: ["PATH": "/usr/bin:/bin"],
            limits: Self.bounded)
        let task = Task { await sandbox.run(command) { _ in begun.yield() } }
        for await _ in printed { break }
        task.cancel()
        #expect(await task.value.ending == .cancelled)
        #expect(processes(with: "31178").isEmpty)
    }

    @Test func noMountIsLeft() async throws {
        _ = try await run("true")
        _ = try await run("sleep 60") { $0.time = .seconds(1) }
        let mounts = try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
        #expect(!mounts.contains(fixture.path))
    }

    @Test func missingProgramsAndDirectoriesAreReported() async throws {
        let sandbox = try fixture.sandbox()
        let missing = await sandbox.run(Command(name: "x", .arguments(["/no/such/program"]))) { _ in }
        #expect(missing.ending != .exited(0))
        #expect(await sandbox.sh("mkdir gone", limits: Self.bounded).result.succeeded)
        let output = Output()
        let nowhere = Command(name: "x", .script("true"), workingDirectory: "/home/build/gone")
        #expect(await sandbox.run(nowhere) { output.append($0) }.succeeded)
        #expect(await sandbox.sh("rmdir gone", limits: Self.bounded).result.succeeded)
        #expect(await sandbox.run(nowhere) { output.append($0) }.ending == .exited(126), "the package is to blame")
        #expect(output.text.contains("/home/build/gone"))
    }

    @Test func missingMountsAreMachineFailures() async throws {
        var layout = fixture.layout
        layout.binds.append(.init(fixture.path + "/no/such", at: "/mnt"))
        let result = try await Sandbox(layout, in: fixture.path + "/sandboxes").run(
            Command(name: "x", .script("true"))
        ) { _ in }
        guard case .setupFailed(let reason) = result.ending else {
            Issue.record("\(result)")
            return
        }
        #expect(reason.contains("/no/such"))
        #expect(result.isInfrastructure)
    }
}
