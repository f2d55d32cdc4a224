import Archive
import Core
import Executor
import Foundation
import Testing

/// Commands on another machine, by a real sshd whose `/bin/sh` is not bash.
@Suite(.serialized, .enabled(if: RemoteFixture.isPossible, "needs root, sshd and the OpenSSH client"))
struct RemoteTests {
    /// The shells that stand for those of OpenBSD (mksh) and FreeBSD (dash).
    static let shells = (["/usr/bin/dash", "/bin/mksh", "/bin/bash"] as [String]).filter { access($0, X_OK) == 0 }

    private func eventually(_ condition: () -> Bool) -> Bool {
        for _ in 0..<1000 {
            if condition() { return true }
            usleep(10_000)
        }
        return false
    }

    private func isRunning(_ marker: String) -> Bool {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.contains { name in
            guard Int(name) != nil, let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") else {
                return false
            }
            return line == Data("sleep\0\(marker)\0".utf8)
        }
    }

    @Test(arguments: shells) func commandsRunAndTheWorkspaceGoesWithTheSession(shell: String) async throws {
        let fixture = try RemoteFixture(shell: shell)
        let session = try await RemoteSession(fixture.host, in: fixture.path + "/c")
        #expect(fixture.workspaces.count == 1)
        let (result, output) = await session.sh(
            "echo to stdout; echo to stderr >&2; id -u; printf '%s' \"$WEIRD\"; exit 3")
        #expect(result.ending == .exited(3), "\(output)")
        #expect(output == "to stdout\nto stderr\n4321\na 'b' $c\n\\d")
        #expect(await session.sh("echo one > f").result.succeeded)
        #expect(await session.sh("cat f; kill -SEGV $$").result.ending == .signalled(11))
        await session.close()
        #expect(eventually { fixture.workspaces.isEmpty })
    }

    @Test(arguments: shells) func limitsHoldThere(shell: String) async throws {
        let fixture = try RemoteFixture(shell: shell)
        let session = try await RemoteSession(fixture.host, in: fixture.path + "/c")
        let wall = await session.sh("sleep 31301 & sleep 31301", limits: Limits(time: .seconds(1), memory: nil))
        #expect(wall.result.ending == .timedOut(.wall))
        let silent = await session.sh("echo a; sleep 31301", limits: Limits(silence: .seconds(1), memory: nil))
        #expect(silent.result.ending == .timedOut(.silence))
        let loud = await session.sh("while :; do echo yes; done", limits: Limits(memory: nil, output: 10_000))
        #expect(loud.result.ending == .outputLimit)
        #expect(loud.output.utf8.count == 10_000)
        let disk = await session.sh(
            "head -c 30000000 /dev/zero > f; sleep 20", limits: Limits(memory: nil, disk: 8 << 20))
        #expect(
            disk.result.ending == .signalled(25) || disk.result.ending == .diskLimit || disk.result.ending == .exited(1)
        )
        #expect(await session.sh("ulimit -n", limits: Limits(memory: nil, openFiles: 77)).output == "77\n")
        let daemon = await session.sh("(setsid sleep 31302 > /dev/null 2>&1 &) ; (setsid sleep 31302 &) ; exit 0")
        #expect(daemon.result.succeeded)
        #expect(daemon.result.duration < .seconds(20))
        #expect(eventually { !isRunning("31301") && !isRunning("31302") })
        await session.close()
    }

    @Test(arguments: shells) func aConnectionKilledMidBuildIsInfrastructureAndLeavesNothingThere(shell: String)
        async throws
    {
        let fixture = try RemoteFixture(shell: shell)
        let session = try await RemoteSession(fixture.host, in: fixture.path + "/c")
        let task = Task { await session.sh("echo begun > begun; (setsid sleep 31303 &) ; sleep 31303") }
        #expect(eventually { FileManager.default.fileExists(atPath: session.root + "/begun") })
        fixture.dropConnections()
        let (result, _) = await task.value
        guard case .connectionLost = result.ending else {
            Issue.record("\(result)")
            return
        }
        #expect(result.isInfrastructure)
        #expect(eventually { !isRunning("31303") })
        #expect(eventually { fixture.workspaces.isEmpty })
        let again = try await RemoteSession(fixture.host, in: fixture.path + "/c")
        #expect(await again.sh("echo back").output == "back\n")
        await again.close()
    }

    @Test func cancellingKillsThere() async throws {
        let fixture = try RemoteFixture(shell: Self.shells[0])
        let session = try await RemoteSession(fixture.host, in: fixture.path + "/c")
        let task = Task { await session.sh("echo begun > begun; sleep 31304").result }
        #expect(eventually { FileManager.default.fileExists(atPath: session.root + "/begun") })
        task.cancel()
        let result = await task.value
        #expect(result.ending == .cancelled)
        #expect(eventually { !isRunning("31304") })
        #expect(await session.sh("echo still here").output == "still here\n")
        await session.close()
    }

    @Test func whatARebootLeftIsRemovedByTheNextConnection() async throws {
        let fixture = try RemoteFixture(shell: Self.shells[0])
        let old = fixture.host.directory + "/ciso.old"
        try FileManager.default.createDirectory(atPath: old + "/root", withIntermediateDirectories: true)
        try "99999999\n".write(toFile: old + "/keeper", atomically: true, encoding: .utf8)
        for path in [fixture.host.directory, old, old + "/root", old + "/keeper"] { chown(path, 4321, 4321) }
        let session = try await RemoteSession(fixture.host, in: fixture.path + "/c")
        #expect(fixture.workspaces == [String(session.workspace.split(separator: "/").last ?? "")])
        await session.close()
    }

    @Test(arguments: shells) func claimedDirectoriesBelongToOneSession(shell: String) async throws {
        let fixture = try RemoteFixture(shell: shell)
        let claim = fixture.path + "/home/opam/root"
        let session = try await RemoteSession(fixture.host, in: fixture.path + "/c", claiming: [claim])
        let made = await session.run(
            Command(
                name: "x", .script("echo 1 > f; chmod 500 ."), environment: ["PATH": "/bin"], workingDirectory: claim)
        ) { _ in }
        #expect(made.succeeded)
        #expect(try await session.read(String(claim.dropFirst()) + "/f") == Array("1\n".utf8))
        await #expect(throws: Failure.self) { try await session.read("no/such/file") }
        let error = await #expect(throws: Failure.self) {
            _ = try await RemoteSession(fixture.host, in: fixture.path + "/c", claiming: [claim])
        }
        #expect(error?.description.contains("another job has it") == true, "\(error?.description ?? "")")
        await session.close()
        #expect(!FileManager.default.fileExists(atPath: claim))
        let next = try await RemoteSession(fixture.host, in: fixture.path + "/c", claiming: [claim])
        #expect(try FileManager.default.contentsOfDirectory(atPath: claim).isEmpty)
        await next.close()
        await #expect(throws: Failure.self) {
            _ = try await RemoteSession(fixture.host, in: fixture.path + "/c", claiming: ["/home"])
        }
    }

    @Test func anUnknownHostKeyIsRefused() async throws {
        let fixture = try RemoteFixture(shell: Self.shells[0])
        var host = fixture.host
        host.knownHosts = fixture.path + "/empty"
        let error = await #expect(throws: Failure.self) { _ = try await RemoteSession(host, in: fixture.path + "/c") }
        #expect(error?.kind == .infrastructure)
        #expect(error?.description.contains("Host key verification failed") == true, "\(error?.description ?? "")")
        host.destination = "-oProxyCommand=touch /tmp/x"
        await #expect(throws: Failure.self) { _ = try await RemoteSession(host, in: fixture.path + "/c") }
    }

    /// The same changes give the same layer, here in a sandbox and there by tar.
    @Test(arguments: shells) func layersTravelByTar(shell: String) async throws {
        let fixture = try RemoteFixture(shell: shell)
        let local = try Fixture()
        let store = LayerStore(local.path + "/layers")
        let first =
            "mkdir -p p/d; echo 1 > p/a; echo 2 > p/d/b; echo 3 > p/gone; mkdir p/old; echo 4 > p/old/f; chmod 700 p/d"
        let second = "echo changed > p/a; echo new > 'p/d/a name'; rm -r p/old p/gone; ln -s a p/link; chmod 755 p/a"
        let below = try local.sandbox()
        #expect(await below.sh("cd /; \(first)", user: .root).result.succeeded)
        let base = try store.capture(below, paths: ["p"])

        let session = try await RemoteSession(fixture.host, in: fixture.path + "/c")
        try await session.send(store.object(base.digest))
        #expect(await session.sh("cat p/a p/d/b; ls p").output == "1\n2\na\nd\ngone\nold\n")
        try await session.mark(["p"])
        #expect(await session.sh(second).result.succeeded)
        let layer = try await session.capture(["p"], into: store)
        try await session.mark(["p"])
        #expect(try await session.capture(["p"], into: store).entries == 0, "nothing changed")
        await session.close()

        let over = try local.sandbox([try await store.unpacked(base.digest), try await store.unpacked(layer.digest)])
        let listing = "cd /p; find . | sort; cat a 'd/a name' d/b; readlink link"
        #expect(
            await over.sh(listing).output == ".\n./a\n./d\n./d/a name\n./d/b\n./link\nchanged\nnew\n2\na\n")
    }

    @Test func slotsAreGivenInTurn() async throws {
        let slots = Slots(2)
        let running = RunningCount()
        await withTaskGroup { group in
            for _ in 0..<10 {
                group.addTask {
                    await slots.use {
                        await running.enter()
                        try? await Task.sleep(for: .milliseconds(5))
                        await running.leave()
                    }
                }
            }
        }
        #expect(await running.most == 2)
    }
}

private actor RunningCount {
    private var now = 0
    private(set) var most = 0

    func enter() {
        now += 1
        most = max(most, now)
    }

    func leave() { now -= 1 }
}
