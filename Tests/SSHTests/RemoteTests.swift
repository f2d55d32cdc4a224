import Archive
import Core
import Foundation
import Layers
import Sandbox
import SandboxTestSupport
import Supervision
import TestSupport
import Testing

@testable import SSH

/// Commands on another machine, by a real sshd whose `/bin/sh` is not bash.
@Suite(.serialized, .enabled(if: RemoteFixture.isPossible, "needs root, sshd and the OpenSSH client"))
struct RemoteTests {
    /// The shells that replace those of OpenBSD (mksh) and FreeBSD (dash).
    static let shells = (["/usr/bin/dash", "/bin/mksh", "/bin/bash"] as [String]).filter { access($0, X_OK) == 0 }

    private func eventually(_ condition: () -> Bool) async -> Bool {
        for _ in 0..<1000 {
            if condition() { return true }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return false
    }

    private func isRunning(_ seconds: String) -> Bool { !ProcessTable.running("sleep", seconds).isEmpty }

    @Test(arguments: shells) func commandsRunAndTheWorkspaceEndsWithTheSession(shell: String) async throws {
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
        #expect(await eventually { fixture.workspaces.isEmpty })
    }

    /// The socket is in the directory for temporary files, unless the kernel does not support paths of that length.
    @Test func theSocketIsATemporaryFile() async throws {
        let fixture = try RemoteFixture(shell: "/bin/sh")
        var host = fixture.host
        host.client.temporary = fixture.path + "/t"
        try #require(host.client.socketDirectory == host.client.temporary)
        let session = try await RemoteSession(host, in: fixture.path + "/c")
        let made = try FileManager.default.subpathsOfDirectory(atPath: host.client.temporary)
        #expect(made.count == 2 && made.contains { $0.hasSuffix("/s") }, "\(made)")
        await session.close()
        host.client.temporary = "/" + String(repeating: "t", count: 44)
        #expect(host.client.socketDirectory == "/tmp")
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
        #expect(await eventually { !isRunning("31301") && !isRunning("31302") })
        await session.close()
    }

    @Test(arguments: shells) func aConnectionKilledMidBuildIsInfrastructureAndLeavesNothingThere(shell: String)
        async throws
    {
        let fixture = try RemoteFixture(shell: shell)
        let session = try await RemoteSession(fixture.host, in: fixture.path + "/c")
        let task = Task { await session.sh("echo begun > begun; (setsid sleep 31303 &) ; sleep 31303") }
        #expect(await eventually { FileManager.default.fileExists(atPath: session.inputs + "/begun") })
        fixture.dropConnections()
        let (result, _) = await task.value
        guard case .connectionLost = result.ending else {
            Issue.record("\(result)")
            return
        }
        #expect(result.isInfrastructure)
        #expect(await eventually { !isRunning("31303") })
        #expect(await eventually { fixture.workspaces.isEmpty })
        let again = try await RemoteSession(fixture.host, in: fixture.path + "/c")
        #expect(await again.sh("echo back").output == "back\n")
        await again.close()
    }

    @Test func cancellingKillsThere() async throws {
        let fixture = try RemoteFixture(shell: Self.shells[0])
        let session = try await RemoteSession(fixture.host, in: fixture.path + "/c")
        let task = Task { await session.sh("echo begun > begun; sleep 31304").result }
        #expect(await eventually { FileManager.default.fileExists(atPath: session.inputs + "/begun") })
        task.cancel()
        let result = await task.value
        #expect(result.ending == .cancelled)
        #expect(await eventually { !isRunning("31304") })
        #expect(await session.sh("echo still here").output == "still here\n")
        await session.close()
    }

    @Test func remainsOfARebootAreRemovedByTheNextConnection() async throws {
        let fixture = try RemoteFixture(shell: Self.shells[0])
        let old = fixture.host.directory + "/ciso.old"
        try FileManager.default.createDirectory(atPath: old + "/inputs", withIntermediateDirectories: true)
        try "99999999\n".write(toFile: old + "/keeper", atomically: true, encoding: .utf8)
        for path in [fixture.host.directory, old, old + "/inputs", old + "/keeper"] { chown(path, 4321, 4321) }
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
        #expect(try await session.read(FilePath(claim + "/f")) == Array("1\n".utf8))
        #expect(try await session.read(FilePath(claim + "/g")) == nil)
        #expect(try await session.read(FilePath(claim)) == nil)
        let error = await #expect(throws: RemoteRefusal.self) {
            _ = try await RemoteSession(fixture.host, in: fixture.path + "/c", claiming: [claim])
        }
        #expect(error?.kind == .taken, "\(error?.description ?? "")")
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
        host.client.knownHosts = fixture.path + "/empty"
        let unknown = await #expect(throws: RemoteRefusal.self) {
            _ = try await RemoteSession(host, in: fixture.path + "/c")
        }
        #expect(unknown?.kind == .wrongKey, "\(unknown?.description ?? "")")
        #expect(unknown?.hint?.contains("ssh-keyscan -p") == true)
        let known = try String(contentsOfFile: fixture.path + "/known", encoding: .utf8)
        let others = try String(contentsOfFile: fixture.path + "/key.pub", encoding: .utf8).split(separator: " ")[1]
        let hostPattern = known.split(separator: " ")[0]
        try "\(hostPattern) ssh-ed25519 \(others)\n".write(
            toFile: fixture.path + "/other", atomically: true, encoding: .utf8)
        host.client.knownHosts = fixture.path + "/other"
        let changed = await #expect(throws: RemoteRefusal.self) {
            _ = try await RemoteSession(host, in: fixture.path + "/c")
        }
        #expect(changed?.kind == .wrongKey, "\(changed?.description ?? "")")
        #expect(changed?.message.contains("differs from the known one") == true)
    }

    @Test func aKeyThatIsNotLetInIsNamed() async throws {
        let fixture = try RemoteFixture(shell: Self.shells[0])
        try "".write(toFile: fixture.path + "/authorized", atomically: true, encoding: .utf8)
        let refusal = await #expect(throws: RemoteRefusal.self) {
            _ = try await RemoteSession(fixture.host, in: fixture.path + "/c")
        }
        #expect(refusal?.kind == .noLogin, "\(refusal?.description ?? "")")
    }

    /// If packets are dropped, neither side sees the other's end: the host relies on the heartbeat.
    @Test func aSilentConnectionIsGivenUpOnTheHost() async throws {
        let fixture = try RemoteFixture(shell: Self.shells[0])
        var host = fixture.host
        host.client.timeout = 4
        let session = try await RemoteSession(host, in: fixture.path + "/c")
        let task = Task { await session.sh("echo begun > begun; (setsid sleep 31305 &) ; sleep 31305") }
        #expect(await eventually { FileManager.default.fileExists(atPath: session.inputs + "/begun") })
        fixture.signalClients(SIGSTOP)
        #expect(await eventually { fixture.workspaces.isEmpty })
        #expect(await eventually { !isRunning("31305") })
        fixture.signalClients(SIGCONT)
        let result = await task.value.result
        guard case .connectionLost = result.ending else {
            Issue.record("\(result)")
            return
        }
        await session.close()
    }

    @Test func aFullDiskOfTheHostIsTheMachinesFault() async throws {
        let fixture = try RemoteFixture(shell: Self.shells[0])
        var host = fixture.host
        let session = try await RemoteSession(host, in: fixture.path + "/c")
        #expect(await session.sh("exit 1").result.ending == .exited(1))
        await session.close()
        host.reserve = 1 << 60
        let refusal = await #expect(throws: RemoteRefusal.self) {
            _ = try await RemoteSession(host, in: fixture.path + "/c")
        }
        #expect(refusal?.kind == .unready, "\(refusal?.description ?? "")")
        #expect(fixture.workspaces.isEmpty)
    }

    /// The same changes give the same files, in a sandbox and by tar.
    @Test(arguments: shells) func layersTravelByTar(shell: String) async throws {
        let fixture = try RemoteFixture(shell: shell)
        let local = try SandboxFixture()
        let store = LayerStore(local.path + "/layers")
        let prefix = fixture.path + "/home/opam"
        let below = try local.sandbox()
        let first = """
            umask 022; mkdir -p \(prefix); cd \(prefix); mkdir d old x; echo 1 > a; echo 2 > d/b; echo 3 > gone
            echo 4 > old/f; echo 5 > mode; echo 6 > kept; echo 7 > x/left; chmod 700 d
            """
        #expect(await below.sh(first, user: .root).result.succeeded)
        let base = try store.capture(below, paths: [prefix])
        let second = """
            umask 022; cd \(prefix); echo changed > a; echo new > 'd/a name'; rm -r old gone; ln -s a link; chmod 755 mode
            touch -r kept time; echo 66 > kept; touch -r time kept; rm time; mkdir -p e/f; mkfifo pipe; rm -r x; echo 8 > x
            echo '-x' > ./-n; chmod 750 e; echo 9 > 'back\\slash'; mkdir left-out; echo 10 > left-out/f
            """
        let over = try local.sandbox([try await store.unpacked(base.digest)])
        #expect(await over.sh(second, user: .root).result.succeeded)
        let here = try store.capture(over, paths: [prefix], excluding: [prefix.dropFirst() + "/left-out"])

        let session = try await RemoteSession(fixture.host, in: fixture.path + "/c", claiming: [prefix])
        let excluded = [prefix + "/left-out"]
        for _ in 0..<2 {
            try await session.assemble([(base.digest, try await store.unpacked(base.digest))], at: prefix)
        }
        #expect(await session.sh("cat a d/b; ls").output == "1\n2\na\nd\ngone\nkept\nmode\nold\nx\n")
        try await session.noteContents(of: prefix, excluding: excluded)
        try await session.collectChanges(below: prefix, excluding: excluded, to: local.path + "/nothing")
        #expect(try FileManager.default.contentsOfDirectory(atPath: local.path + "/nothing").isEmpty)
        let changed = await session.sh(second)
        #expect(changed.result.succeeded, "\(changed.output)")
        let tree = local.path + "/tree"
        try FileManager.default.createDirectory(
            atPath: tree + fixture.path + "/home", withIntermediateDirectories: true)
        try await session.collectChanges(below: prefix, excluding: excluded, to: tree + prefix)
        let there = try store.capture(directory: tree, paths: [prefix])
        await session.close()

        let files =
            "cd \(prefix); find . ! -name . | sort | while read -r f; do ls -ld \"$f\" | cut -c1-10; echo \"$f\"; done; cat a kept x ./-n 'd/a name'; readlink link"
        var listings: [String] = []
        for layer in [here, there] {
            let both = try local.sandbox([
                try await store.unpacked(base.digest), try await store.unpacked(layer.digest),
            ])
            listings.append(await both.sh(files, user: .root).output)
        }
        #expect(listings[0] == listings[1])
        #expect(listings[0].contains("./d/a name"))
        #expect(!listings[0].contains("gone"))
    }

    /// A layer that removes a file of a lower one, on the host as in an overlay.
    @Test(arguments: shells) func layersRemoveOnTheHost(shell: String) async throws {
        let fixture = try RemoteFixture(shell: shell)
        let local = try SandboxFixture()
        let store = LayerStore(local.path + "/layers")
        let prefix = fixture.path + "/home/opam"
        let below = try local.sandbox()
        #expect(
            await below.sh("mkdir -p \(prefix)/d \(prefix)/o; cd \(prefix); touch a d/b 'd/c d' o/p", user: .root)
                .result
                .succeeded)
        let base = try store.capture(below, paths: [prefix])
        let over = try local.sandbox([try await store.unpacked(base.digest)])
        #expect(
            await over.sh("cd \(prefix); rm a 'd/c d'; rm -r o; mkdir o; touch o/q", user: .root).result.succeeded)
        let upper = try store.capture(over, paths: [prefix])
        let session = try await RemoteSession(fixture.host, in: fixture.path + "/c", claiming: [prefix])
        var layers: [(digest: Digest, unpacked: String)] = []
        for layer in [base, upper] { layers.append((layer.digest, try await store.unpacked(layer.digest))) }
        try await session.assemble(layers, at: prefix)
        #expect(await session.sh("find . | sort").output == ".\n./d\n./d/b\n./o\n./o/q\n")
        await session.close()
    }

    @Test func aNameThatNoListCanHoldIsThePackagesFault() async throws {
        let fixture = try RemoteFixture(shell: Self.shells[0])
        let local = try SandboxFixture()
        let claim = fixture.path + "/home/opam"
        let session = try await RemoteSession(fixture.host, in: fixture.path + "/c", claiming: [claim])
        try await session.noteContents(of: claim)
        #expect(await session.sh("touch \"$(printf 'a\\nb')\"").result.succeeded)
        let failure = await #expect(throws: Failure.self) {
            try await session.collectChanges(below: claim, to: local.path + "/tree")
        }
        #expect(failure?.category == .input)
        await session.close()
    }
}
