import Core
import Foundation
import Git
import Glibc
import Hub
import Model
import Records
import Store
import Synchronization
import System
import TestSupport
import Testing

/// A hub by stock git, and two stores that use it one after the other.
@Suite struct HubTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try directory.shell("git init -q --bare hub.git && git -C hub.git config receive.denyNonFastForwards true")
    }

    private static let variables = ProcessEnvironment(["PATH": "/usr/bin:/bin", "HOME": "/dev/null"])

    private func hub(_ url: String? = nil) -> Hub { Hub(url ?? directory("hub.git"), environment: Self.variables) }

    private func store(_ name: String) throws -> Store {
        try Store(at: directory(name), options: StoreOptions(durability: .process))
    }

    private func record(_ package: String, _ outcome: Outcome = .success, at time: Int = 1, in store: Store) throws {
        let cell = Cell(target: "t", compiler: "5", package: PackageVersion(name: package, version: "1"))
        var result = CellResult(cell: cell, job: Digest(of: package), outcome: outcome, repositories: [])
        result.finished = time
        let path = ResultPath.cell(cell)
        let branch = ResultBranch(deployment: "d", target: "t")
        try store.transact(Branch(branch.name), result.message(at: path)) {
            try branch.write(result, at: path, in: $0)
        }
    }

    private func outcomes(_ store: Store) throws -> [String: Outcome] {
        let branch = ResultBranch(deployment: "d", target: "t")
        let table = try branch.table(in: store.snapshot(Branch(branch.name)))
        return Dictionary(table.results.values.map { ($0.cell.package.name, $0.outcome) }) { $1 }
    }

    @Test func storesAreCreatedFromAHubAndContinue() throws {
        let first = try store("first")
        try record("a", in: first)
        try hub().push(first)
        let second = try store("second")
        #expect(try HubUpdate(hub(), second).run() == [])
        #expect(try outcomes(second) == ["a": .success])
        try record("b", .failure, in: second)
        try hub().push(second)
        #expect(try HubUpdate(hub(), first).run() == [])
        #expect(try outcomes(first) == ["a": .success, "b": .failure])
        #expect(try directory.shell("git -C hub.git fsck --strict 2>&1 | grep -v notice || true") == "")
        #expect(try Store.verify(at: first.path, rebuilding: .documents).findings.map(\.message) == [])
    }

    /// A disconnected machine recorded results that the hub does not have, and other machines continued in the
    /// meantime.
    @Test func resultsRecordedOnBothSidesAreKept() throws {
        let (first, second) = (try store("first"), try store("second"))
        try record("a", in: first)
        try hub().push(first)
        _ = try HubUpdate(hub(), second).run()
        try record("b", in: first)
        try record("d", .failure, at: 5, in: first)
        try record("c", in: second)
        try record("d", .success, at: 9, in: second)
        try hub().push(second)
        let refusal = #expect(throws: HubError.self) { try hub().push(first) }
        #expect(refusal?.kind == .diverged)
        let branches = try HubUpdate(hub(), first).run()
        #expect(branches.map(\.name) == ["results/d/t"])
        let all: [String: Outcome] = ["a": .success, "b": .success, "c": .success, "d": .success]
        #expect(try outcomes(first) == all, "the newer result of d counts")
        try hub().push(first)
        _ = try HubUpdate(hub(), second).run()
        #expect(try outcomes(second) == all)
        #expect(try first.snapshots().contains { $0.name.hasSuffix("before-hub") }, "nothing is thrown away")
        let log = try directory.shell("git -C hub.git log --format=%s results/d/t")
        #expect(log.split(separator: "\n").count == 4, "each is recorded once more only where it was not there: \(log)")
    }

    /// Results are pushed together; an unreachable hub receives them when it returns.
    @Test func anUnreachableHubReceivesEverythingLater() async throws {
        let first = try store("first")
        try directory.shell("mv hub.git away.git")
        let events = Mutex<[String]>([])
        let pusher = HubPusher(hub(), first) { event in
            switch event {
            case .failed(let error): events.withLock { $0.append(error.kind.rawValue) }
            case .recovered: events.withLock { $0.append("recovered") }
            case .replayed: events.withLock { $0.append("replayed") }
            }
        }
        for package in ["a", "b", "c"] {
            try record(package, in: first)
            pusher.note()
        }
        try await waitUntil("the problem is told") { events.withLock { $0 == ["absent"] } }
        try directory.shell("mv away.git hub.git")
        await pusher.pushed()
        try await waitUntil("the end of it is told") { events.withLock { $0 == ["absent", "recovered"] } }
        let log = try directory.shell("git -C hub.git log --format=%s results/d/t")
        #expect(log.split(separator: "\n").count == 3)
        try await pusher.finish(within: .seconds(60))
    }

    @Test func aKnownProblemIsNotReportedAgain() async throws {
        let events = Mutex<[String]>([])
        let pusher = HubPusher(
            hub(directory("nowhere")), try store("first"), known: HubError(.absent, "known")
        ) { event in events.withLock { $0.append("\(event)") } }
        await #expect(throws: HubError.self) { try await pusher.finish(within: .seconds(5)) }
        #expect(events.withLock { $0 } == [])
    }

    @Test func nobodyWaitsForEverForAHub() async throws {
        let pusher = HubPusher(hub(directory("nowhere")), try store("first")) { _ in }
        let error = await #expect(throws: HubError.self) { try await pusher.finish(within: .seconds(20)) }
        #expect(error?.kind == .absent)
        await pusher.pushed()
    }

    /// An absent repository needs someone, unlike a host that is down: those who gave a patience learn of it.
    @Test func aHubThatRefusesPushesEndsPatientWaiting() async throws {
        let pusher = HubPusher(hub(directory("nowhere")), try store("first")) { _ in }
        pusher.note()
        let forever = Task { await pusher.pushed() }
        let error = await #expect(throws: HubError.self) { try await pusher.pushed(patience: .seconds(1)) }
        #expect(error?.kind == .absent)
        await forever.value
        await #expect(throws: HubError.self) { try await pusher.finish(within: .seconds(3600)) }
        let down = HubPusher(hub("ssh://nobody@127.0.0.1:1/x.git"), try store("second")) { _ in }
        down.note()
        let waiting = Task { try await down.pushed(patience: .zero) }
        await #expect(throws: HubError.self) { try await down.finish(within: .seconds(5)) }
        try await waiting.value
    }

    @Test func pushesThatTimeOutAreFailures() async throws {
        let pusher = HubPusher(hub(directory("nowhere")), try store("first")) { _ in }
        await #expect(throws: HubError.self) { try await pusher.finish(within: .zero) }
    }

    @Test func branchesOfTheInboxStayHere() throws {
        let first = try store("first")
        try first.transact(Branch("inbox/lab"), "x\n") { try $0.write(bytes: [1], to: "x") }
        try record("a", in: first)
        try hub().push(first)
        #expect(
            try directory.shell("git -C hub.git for-each-ref --format='%(refname)'") == "refs/heads/results/d/t\n")
    }

    @Test(arguments: [
        (
            "ssh: connect to host x port 22: Connection refused\nfatal: Could not read from remote repository.",
            "unreachable"
        ),
        ("ssh: Could not resolve hostname x: Name or service not known", "unreachable"),
        ("Host key verification failed.\nfatal: Could not read from remote repository.", "hostKey"),
        ("git@x: Permission denied (publickey).\r\nfatal: Could not read from remote repository.", "authentication"),
        ("fatal: could not read Username for 'https://x': terminal prompts disabled", "authentication"),
        ("fatal: unable to access 'https://x/': SSL certificate problem: unable to get local issuer", "certificate"),
        ("fatal: unable to access 'https://x/': gnutls_handshake() failed: An unexpected TLS packet", "certificate"),
        ("fatal: transport 'ext' not allowed", "address"),
        ("fatal: strange hostname '-oProxyCommand=x' blocked", "address"),
        ("fatal: '/x' does not appear to be a git repository", "absent"),
        ("fatal: invalid gitfile format: /x", "absent"),
        (
            "fatal: https://x/info/refs not valid: could not determine hash algorithm; is this a git repository?",
            "absent"
        ),
        ("error: Cannot access URL http://x/, return code 22\nfatal: git-http-push failed", "absent"),
        ("remote: error: hook declined to update refs/heads/main", "refused"),
    ])
    func errorsOfGitAreDistinguished(words: String, kind: String) {
        #expect(HubError("https://x", errors: words).kind.rawValue == kind)
        #expect(!"\(HubError("https://x", errors: words))".contains("^"), "each line is a part of the message")
    }

    @Test func theReasonOfSSHIsReported() {
        let stars = String(repeating: "@", count: 59)
        let advice = """
            fatal: Could not read from remote repository.

            Please make sure you have the correct access rights
            and the repository exists.
            """
        let changed = HubError(
            "ssh://h/x",
            errors: """
                \(stars)
                @    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
                \(stars)
                IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!
                Offending ED25519 key in /home/ci/.ssh/known_hosts:1
                Host key for h has changed and you have requested strict checking.\r
                Host key verification failed.\r
                \(advice)
                """)
        #expect(changed.kind == .hostKey)
        #expect(
            changed.message
                == "ssh://h/x: Offending ED25519 key in /home/ci/.ssh/known_hosts:1; Host key for h has changed and you have requested strict checking.; Host key verification failed."
        )
        let denied = HubError("ssh://h/x", errors: "git@h: Permission denied (publickey).\r\n\(advice)")
        #expect(denied.message == "ssh://h/x: git@h: Permission denied (publickey).")
        #expect(HubError("ssh://h/x", errors: advice).message == "ssh://h/x: git failed")
    }

    @Test func theReasonOfARefusedPushIsReported() throws {
        try directory.write("#!/bin/sh\nprintf 'no pushes\\ntoday\\n' >&2\nexit 1\n", to: "hub.git/hooks/pre-receive")
        chmod(directory("hub.git/hooks/pre-receive"), 0o755)
        let store = try store("first")
        try record("a", in: store)
        let error = #expect(throws: HubError.self) { try hub().push(store) }
        #expect(error?.kind == .refused)
        #expect(
            error?.message
                == "\(directory("hub.git")): refs/heads/results/d/t: [remote rejected] (pre-receive hook declined); no pushes; today"
        )
    }

    /// An address that is something else than a repository that accepts pushes.
    @Test func theKindOfAnUnsuitableAddressIsReported() async throws {
        let store = try store("first")
        try record("a", in: store)
        func failure(_ url: String) -> HubError? { #expect(throws: HubError.self) { try hub(url).push(store) } }
        try directory.write("x\n", to: "file")
        let file = failure(directory("file"))
        #expect(file?.kind == .absent && file?.message.contains("it is a file, not a repository") == true)
        try directory.shell("mkdir empty")
        #expect(failure(directory("empty"))?.kind == .absent)
        try directory.shell(
            "git init -q -b results/d/t tree && git -C tree -c user.name=x -c user.email=x@x commit -q --allow-empty -m x"
        )
        #expect(try HubUpdate(hub(directory("tree")), store).run().map(\.name) == ["results/d/t"])
        let tree = failure(directory("tree"))
        #expect(tree?.kind == .checkedOut && tree?.message.contains("its current branch") == false, "\(tree as Any)")
        #expect(tree?.message.contains("branch is currently checked out") == true)
    }

    /// To git, a page without a list of branches is an empty repository.
    @Test(.enabled(if: Program.areInstalled("python3"), "needs python3"))
    func aPageIsNoRepository() async throws {
        try directory.write("<html>hello</html>", to: "pages/x.git/info/refs")
        let server = try Program(
            ["python3", "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", directory("pages")]
        ).start()
        defer { server.kill(SIGKILL) }
        try await server.wait(until: "the port is known") { server.output.contains("(http") }
        let port = try #require(server.output.firstMatch(of: /port (\d+)/)).1
        let url = "http://127.0.0.1:\(port)/x.git"
        #expect(throws: HubError.self) { try hub(url).probe() }
        let error = #expect(throws: HubError.self) { try HubUpdate(hub(url), store("second")).run() }
        #expect(error?.kind == .absent)
        #expect(error?.message == "\(url): a server responds, but not with a repository that accepts pushes")
    }

    @Test(arguments: ["ext::sh -c true", "--upload-pack=touch x", ""])
    func anAddressRunsNoProgram(url: String) throws {
        let error = #expect(throws: HubError.self) { try hub(url).push(store("first")) }
        #expect(error?.kind != .diverged)
    }
}
