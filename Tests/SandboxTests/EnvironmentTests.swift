import Archive
import Core
import Foundation
import Layers
import Sandbox
import SandboxTestSupport
import Supervision
import Synchronization
import TestSupport
import Testing

@Suite(.enabled(if: SandboxFixture.isSandboxPossible && getuid() == 0, "needs bubblewrap and root"))
struct EnvironmentTests {
    let fixture: SandboxFixture
    let store: EnvironmentStore
    let digest = Digest(of: "an environment")

    init() throws {
        fixture = try SandboxFixture()
        store = EnvironmentStore(fixture.path + "/environments")
    }

    private func host(_ script: String, limits: Limits = Limits(time: .seconds(30))) -> BootstrapStep {
        .init(.host, Command(name: "fill", .script(script), environment: ["PATH": "/usr/bin:/bin"], limits: limits))
    }

    /// Copies the few programs that a shell script needs, with their libraries.
    private var fill: BootstrapStep {
        host(
            """
            mkdir -p "$CISO_ROOT/proc" "$CISO_ROOT/dev" "$CISO_ROOT/tmp" "$CISO_ROOT/bin"
            for program in /bin/dash /bin/touch /bin/stat; do
                cp "$program" "$CISO_ROOT/bin"
                for library in $(ldd "$program" | grep -o '/[^ ]*'); do
                    mkdir -p "$CISO_ROOT${library%/*}"; cp "$library" "$CISO_ROOT$library"
                done
            done
            ln -s dash "$CISO_ROOT/bin/sh"; echo made >> "$CISO_CACHE/count"
            """)
    }

    @Test func anEnvironmentIsMadeByItsStepsInOrder() async throws {
        let inside = Command(
            name: "configure", .script("touch /configured; echo from inside; stat -c %u /configured"), user: .root,
            environment: ["PATH": "/bin"])
        let root = try await store.make(digest, steps: [fill, .init(.environment, inside)])
        #expect(FileManager.default.fileExists(atPath: root + "/configured"))
        #expect(try String(contentsOfFile: store.log(digest), encoding: .utf8) == "from inside\n0\n")
        #expect(store.existing(digest) == root)
        let sandbox = try Sandbox(.init(base: root), in: fixture.path + "/sandboxes")
        let output = Output()
        let command = Command(
            name: "use", .script("touch /x /bin/y || exit 5"), user: .root, environment: ["PATH": "/bin"])
        #expect(await sandbox.run(command) { output.append($0) }.succeeded, "\(output.text)")
        #expect(!FileManager.default.fileExists(atPath: root + "/x"), "the base is never written")
    }

    @Test func manyAskAndOneMakes() async throws {
        let (store, digest, fill) = (store, digest, fill)
        let roots = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<6 { group.addTask { try await store.make(digest, steps: [fill]) } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(roots.count == 1)
        #expect(try String(contentsOfFile: store.directory + "/cache/count", encoding: .utf8) == "made\n")
    }

    /// Metadata, contents or owners of a file: after any change, the root file system is made again, once.
    @Test(arguments: [
        "echo more >> bin/dash", "rm bin/dash", "chown 7:7 bin/dash", "chmod 4755 bin/dash", "touch more",
    ])
    func aDamagedEnvironmentIsMadeAgain(damage: String) async throws {
        let root = try await store.make(digest, steps: [fill])
        #expect(store.isUnchanged(digest))
        #expect(try await store.make(digest, steps: [fill]) == root)
        try Program(["/bin/sh", "-c", "cd '\(root)' && \(damage)"]).output()
        #expect(!store.isUnchanged(digest))
        let begun = Mutex(0)
        #expect(try await store.make(digest, steps: [fill], begin: { begun.withLock { $0 += 1 } }) == root)
        #expect(begun.withLock { $0 } == 1)
        #expect(store.isUnchanged(digest))
        #expect(try String(contentsOfFile: store.directory + "/cache/count", encoding: .utf8) == "made\nmade\n")
        #expect(try FileManager.default.contentsOfDirectory(atPath: store.directory + "/incoming").isEmpty)
    }

    /// A copy with all owners is used; one that lost them is not.
    @Test func aCopyIsUsedWhereNothingWasLost() async throws {
        let whole = host("mkdir \"$CISO_ROOT/home\"; echo x > \"$CISO_ROOT/home/f\"; chown 1000 \"$CISO_ROOT/home/f\"")
        _ = try await store.make(digest, steps: [whole])
        for (option, isMade) in [("-a", false), ("-r", true)] {
            let copy = EnvironmentStore(fixture.path + "/copy" + option)
            try Program(["cp", option, store.directory, copy.directory]).output()
            let begun = Mutex(false)
            let root = try await copy.make(digest, steps: [whole], begin: { begun.withLock { $0 = true } })
            #expect(begun.withLock { $0 } == isMade, "cp \(option)")
            var status = stat()
            let owner = IdentityMapping.ofThisProcess.stored(Owner(user: 1000, group: 0)).user
            #expect(lstat(root + "/home/f", &status) == 0 && status.st_uid == owner)
        }
    }

    /// A root file system without a state, from an earlier version, is accepted unchecked.
    @Test func anEnvironmentWithoutAStateIsUsed() async throws {
        let root = try await store.make(digest, steps: [fill])
        try FileManager.default.removeItem(atPath: "\(root).state")
        #expect(try await store.make(digest, steps: [host("exit 1")]) == root)
        #expect(store.isUnchanged(digest))
    }

    @Test func aFailedMakingLeavesNothingButItsLog() async throws {
        let error = await #expect(throws: BootstrapFailure.self) {
            try await store.make(digest, steps: [fill, host("echo no mirror; exit 4")])
        }
        #expect(error?.category == .unavailable)
        #expect(error?.description.contains("step 'fill': exit status 4") == true)
        #expect(store.existing(digest) == nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: store.directory + "/incoming").isEmpty)
        #expect(try String(contentsOfFile: store.log(digest), encoding: .utf8) == "no mirror\n")
        _ = try await store.make(digest, steps: [fill])
        #expect(store.existing(digest) != nil)
    }

    private struct Refuted: Error {}

    private func makings() throws -> Int {
        try String(contentsOfFile: store.directory + "/cache/count", encoding: .utf8).split(separator: "\n").count
    }

    /// A root file system rejected by its check is checked again for a corrected description, and made again for the
    /// same one or another recipe.
    @Test func aRefutedRootServesACorrectedDescription() async throws {
        let recipe = Digest(of: "a recipe")
        let refuse: @Sendable (Sandbox.Layout) async throws -> Void = { _ in throw Refuted() }
        await #expect(throws: Refuted.self) {
            try await store.make(digest, recipe: recipe, steps: [fill], check: refuse)
        }
        #expect(store.existing(digest) == nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: store.directory + "/incoming").isEmpty)
        let second = Digest(of: "still wrong")
        await #expect(throws: Refuted.self) {
            try await store.make(second, recipe: recipe, steps: [fill], check: refuse)
        }
        #expect(try makings() == 1)
        let corrected = Digest(of: "corrected")
        let root = try await store.make(corrected, recipe: recipe, steps: [fill])
        #expect(try makings() == 1)
        #expect(FileManager.default.fileExists(atPath: root + "/bin/dash"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: store.directory + "/refuted").isEmpty)
        _ = try await store.make(Digest(of: "another"), recipe: recipe, steps: [fill])
        #expect(try makings() == 2)
    }

    @Test func aRefutedRootIsNotOfferedTwiceToOneDescription() async throws {
        let recipe = Digest(of: "a recipe")
        await #expect(throws: Refuted.self) {
            try await store.make(digest, recipe: recipe, steps: [fill]) { _ in throw Refuted() }
        }
        _ = try await store.make(Digest(of: "other steps"), recipe: Digest(of: "another recipe"), steps: [fill])
        #expect(try makings() == 2)
        _ = try await store.make(digest, recipe: recipe, steps: [fill])
        #expect(try makings() == 3, "the same description again: the distribution may have moved on")
    }

    @Test func aFewRefutedRootsAreKept() async throws {
        for number in 1...6 {
            await #expect(throws: Refuted.self) {
                try await store.make(
                    Digest(of: "environment \(number)"), recipe: Digest(of: "recipe \(number)"), steps: [fill]
                ) { _ in throw Refuted() }
            }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: store.directory + "/refuted").count == 4)
    }

    @Test func aCancelledMakingStopsAtOnce() async throws {
        let (store, digest) = (store, digest)
        let step = host("echo begun; sleep 36000 & sleep 36000")
        let (printed, begun) = AsyncStream.makeStream(of: Void.self)
        let task = Task { try await store.make(digest, steps: [step], output: { _ in begun.yield() }) }
        for await _ in printed { break }
        task.cancel()
        // It does not wait for the end of the step, which would take hours.
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(store.existing(digest) == nil)
    }
}

@Suite struct ResourcePreflightTests {
    @Test func exhaustedResourcesAreNamed() throws {
        try ResourcePreflight.check("/tmp", bytes: 1, descriptors: 1)
        let disk = #expect(throws: Failure.self) { try ResourcePreflight.check("/tmp", bytes: .max) }
        #expect(disk?.category == .unavailable)
        #expect(disk?.description.contains("MiB free") == true)
        let files = #expect(throws: Failure.self) { try ResourcePreflight.check("/tmp", bytes: 1, descriptors: .max) }
        #expect(files?.description.contains("more files") == true)
        let directory = try TemporaryDirectory()
        #expect(throws: Failure.self) { try ResourcePreflight.check(directory("absent"), bytes: 1) }
    }
}

@Suite struct CapabilityTests {
    @Test func capabilitiesOfTheMachineAreProbed() async throws {
        let directory = try TemporaryDirectory()
        let capabilities = await Capability.ofThisMachine(trying: directory.path)
        #expect(Set(capabilities.map(\.name)).count == capabilities.count)
        let sandbox = try #require(capabilities.first { $0.name == "sandbox" })
        #expect(sandbox.isAvailable == SandboxFixture.isSandboxPossible, "\(sandbox.detail)")
        for capability in capabilities {
            #expect(capability.isAvailable || capability.remedy != nil, "\(capability.name)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).isEmpty)
    }
}
