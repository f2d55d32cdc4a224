import Core
import Foundation
import Hub
import Store
import System
import TestSupport
import Testing

/// A hub that is reached by https, with a certificate of an authority of its own and a password, as those of forges.
@Suite(.enabled(if: Program.areInstalled("python3", "openssl", "git"), "needs python3 and openssl"))
final class SecureHubTests {
    private let directory: TemporaryDirectory
    private let authority: CertificateAuthority
    private let server: RunningProgram

    init() async throws {
        directory = try TemporaryDirectory()
        try directory.shell(
            """
            mkdir served home
            git init -q --bare served/hub.git
            git -C served/hub.git config http.receivepack true
            """)
        authority = try CertificateAuthority()
        let identity = try authority.issue("server")
        let script = PackageDirectory.url.appending(path: "Tests/Python/git_http.py").path
        server = try Program(
            ["python3", script, directory("served"), identity.certificate, identity.key, "secret"]
        ).start()
        let server = server
        try await waitUntil("the server listens") { server.output.contains("\n") || !server.isRunning }
        try #require(server.isRunning, "\(server.messages)")
    }

    deinit {
        server.kill(9)
        server.wait()
    }

    private var port: String { server.output.split(separator: "\n").first.map(String.init) ?? "" }

    /// - Parameter user: the user whose password git's credential helper has; nil: none.
    private func hub(as user: String? = "ann", password: String = "secret", isTrusted: Bool = true) throws -> Hub {
        try directory.write("[credential]\n\thelper = store\n", to: "home/.gitconfig")
        let known = user.map { "https://\($0):\(password)@127.0.0.1%3a\(port)\n" } ?? ""
        try directory.write(known, to: "home/.git-credentials", mode: 0o600)
        var trust = Hub.Trust()
        if isTrusted { trust.authorities = authority.certificates }
        return Hub(
            "https://127.0.0.1:\(port)/hub.git", trust: trust,
            environment: ProcessEnvironment(["PATH": "/usr/bin:/bin", "HOME": directory("home")]))
    }

    private func store(_ name: String) throws -> Store {
        try Store(at: directory(name), options: StoreOptions(durability: .process))
    }

    @Test func aStoreIsPushedAndAnotherMadeOfIt() throws {
        let first = try store("first")
        try first.transact(Branch("main"), "x\n") { try $0.write(bytes: Array(repeating: 7, count: 3 << 20), to: "x") }
        try hub().push(first)
        #expect(try hub().probe().hasSuffix("can be reached and has 1 branch"))
        let second = try store("second")
        #expect(try HubUpdate(hub(as: "reader"), second).run() == [])
        #expect(try second.snapshot(Branch("main")).commit == first.snapshot(Branch("main")).commit)
        #expect(try directory.shell("git -C served/hub.git fsck --strict 2>&1 | grep -v notice || true") == "")
    }

    /// Each rejection names its kind, and no message contains the password.
    @Test func refusalsAreDistinguished() throws {
        let first = try store("first")
        try first.transact(Branch("main"), "x\n") { try $0.write(bytes: [1], to: "x") }
        func refusal(_ hub: Hub) -> HubError? {
            let error = #expect(throws: HubError.self) { try hub.push(first) }
            #expect(error.map { "\($0)".contains("secret") || "\($0)".contains("guess") } == false, "\(error as Any)")
            return error
        }
        #expect(try refusal(hub(isTrusted: false))?.kind == .certificate)
        #expect(try refusal(hub(as: nil))?.kind == .authentication)
        #expect(try refusal(hub(password: "guess"))?.kind == .authentication)
        #expect(try refusal(hub(as: "reader"))?.kind == .authentication)
        let statuses: [(Int, HubErrorKind)] = [
            (500, .unreachable), (503, .unreachable), (404, .absent), (429, .unreachable),
        ]
        for (status, kind) in statuses {
            try directory.write("\(status)", to: "served/status")
            #expect(try refusal(hub())?.kind == kind, "\(status)")
        }
        let ended = try hub()
        server.kill(9)
        server.wait()
        #expect(refusal(ended)?.kind == .unreachable)
    }
}
