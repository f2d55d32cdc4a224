import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

/// Hosts on which a small matrix is run: the dispatcher on this one, workers on others that reach nothing of it but an
/// etcd and a registry.
final class MultiHostFixture: Sendable {
    let directory: TemporaryDirectory
    let etcd: EtcdCluster
    let registry: RegistryServer
    private let authority: CertificateAuthority?
    private let plugins: String
    /// The hosts are removed with the fixture, not with the test that used them last.
    private let hosts = Mutex<[SeparateHost]>([])
    private let environment: [String: String]

    /// - Parameters:
    ///   - isGated: whether making a root file system waits until ``open()`` is called.
    ///   - members: of etcd.
    ///   - quota: of etcd's database, in bytes.
    ///   - isSecured: whether the services have certificates, and etcd requires client certificates.
    init(
        packages: [String] = ["p"], isGated: Bool = false, members: Int = 1, quota: Int = 1 << 31,
        isSecured: Bool = false
    ) async throws {
        directory = try TemporaryDirectory()
        chmod(directory.path, 0o777)
        authority = isSecured ? try CertificateAuthority() : nil
        let identity = try authority?.issue("services")
        etcd = try await EtcdCluster(
            members: members, authority: authority, identity: identity,
            options: ["--quota-backend-bytes", "\(quota)"], isReachable: true)
        registry = try await RegistryServer(identity: identity, isReachable: true)
        plugins = directory("plugins")
        try directory.shell("mkdir plugins main; : >plugins/count")
        let gate = "\(plugins)/gate"
        if isGated { try directory.write("", to: "plugins/gate") }
        _ = try SmallRootPlugin.build(
            in: plugins, bootstrap: "while [ -e \(gate) ]; do sleep 0.1; done; \(SmallRootPlugin.fill)")
        _ = try SmallRootPlugin.writeMatrix(into: directory, packages: packages)
        var environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "CISO_PLUGIN_PATH": plugins]
        if let authority {
            environment["CISO_TLS_AUTHORITIES"] = authority.certificates
            environment.merge(Self.credentials(try authority.issue("client"))) { $1 }
        }
        self.environment = environment
    }

    /// The settings of a client that shows this certificate.
    static func credentials(_ identity: CertificateAuthority.Identity) -> [String: String] {
        ["CISO_TLS_CERTIFICATE": identity.certificate, "CISO_TLS_KEY": identity.key]
    }

    /// A certificate of the authority that the services trust.
    ///
    /// - Parameter days: until it expires; negative: it has expired.
    func certificate(_ name: String, days: Int) throws -> [String: String] {
        Self.credentials(try #require(authority).issue(name, days: days))
    }

    /// How often a root file system was made, or began to be.
    var makings: Int { (directory.read("plugins/count") ?? "").split(separator: "\n").count }

    /// Allows the making of root file systems.
    func open() throws { try directory.shell("rm plugins/gate") }

    /// Makes another host.
    func host() throws -> SeparateHost {
        let host = try SeparateHost(hiding: [directory("main")])
        hosts.withLock { $0.append(host) }
        return host
    }

    /// The settings by which a host reaches the services.
    private func services(at address: String) -> [String: String] {
        func reachable(_ url: String) -> String { url.replacing("127.0.0.1", with: address) }
        return [
            "CISO_COORDINATION": etcd.endpoints.map(reachable).joined(separator: ","),
            "CISO_BLOBS": reachable(registry.url) + "/ciso",
        ]
    }

    /// Starts a worker with one slot and a separate directory.
    func worker(on host: SeparateHost, _ name: String, _ more: [String: String] = [:]) throws -> RunningProgram {
        try directory.shell("mkdir -p \"$1\"", name)
        let own = ["CISO_CACHE": directory("\(name)/cache"), "HOME": directory(name)]
        let words = ["env", "-C", directory(name), try BuiltProgram.path(of: "ci"), "worker", "--jobs", "1"]
        var program = host.program(
            words,
            environment: environment.merging(services(at: SeparateHost.serverName)) { $1 }.merging(own) { $1 }
                .merging(more) { $1 })
        program.isJoined = true
        return try program.start()
    }

    /// A command on the host of the dispatcher.
    func program(_ words: [String], store: String = "main/store", _ more: [String: String] = [:]) throws -> Program {
        let own = ["CISO_CACHE": directory("main/cache"), "HOME": directory("main"), "CISO_STORE": directory(store)]
        return Program(
            [try BuiltProgram.path(of: "ci")] + words, in: directory.path,
            environment: environment.merging(services(at: "127.0.0.1")) { $1 }.merging(own) { $1 }
                .merging(more) { $1 })
    }

    /// Runs a command on the host of the dispatcher.
    func ci(_ words: String...) throws -> Program.Ending { try program(words).run() }

    /// Runs the matrix by workers of other hosts.
    func dispatch() async throws -> Program.Ending { try await start().end() }

    /// Begins to run the matrix by workers of other hosts.
    func start(_ more: [String: String] = [:]) throws -> RunningProgram { try start(store: "main/store", more) }

    /// Begins to run the matrix by workers of other hosts, with a store of one's own.
    func start(store: String, _ more: [String: String] = [:]) throws -> RunningProgram {
        try program(["run", "small.yaml", "--jobs", "0"], store: store, more).start()
    }
}
