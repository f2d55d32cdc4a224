internal import Glibc
internal import Synchronization

/// Members of etcd on this machine, from Debian's package.
package final class EtcdCluster: Sendable {
    private let directory: TemporaryDirectory
    private let commands: [[String]]
    private let clientOptions: [String]
    private let programs: Mutex<[RunningProgram]>
    /// The addresses of the members.
    package let endpoints: [String]

    package static var isInstalled: Bool { Program.areInstalled("etcd", "etcdctl") }

    /// Starts the members and waits until they have a leader.
    ///
    /// - Parameters:
    ///   - authority: signs the members' certificates and those that clients need; nil: no TLS.
    ///   - identity: the members' certificate.
    ///   - isReachable: whether other hosts can reach them, too.
    package init(
        members: Int = 1, authority: CertificateAuthority? = nil, identity: CertificateAuthority.Identity? = nil,
        options: [String] = [], isReachable: Bool = false
    ) async throws {
        let directory = try TemporaryDirectory()
        self.directory = directory
        let ports = try freePorts(2 * members)
        let scheme = authority == nil ? "http" : "https"
        endpoints = ports.prefix(members).map { "\(scheme)://127.0.0.1:\($0)" }
        let peers = ports.dropFirst(members).map { "http://127.0.0.1:\($0)" }
        let names = peers.enumerated().map { "member\($0.offset)=\($0.element)" }.joined(separator: ",")
        var security: [String] = []
        var client = ["etcdctl", "--endpoints", endpoints.joined(separator: ",")]
        if let authority {
            let identity = try identity ?? authority.issue("member")
            let files = ["--cert-file", identity.certificate, "--key-file", identity.key]
            security = files + ["--client-cert-auth", "--trusted-ca-file", authority.certificates]
            let own = try authority.issue("etcdctl")
            client += ["--cacert", authority.certificates, "--cert", own.certificate, "--key", own.key]
        }
        clientOptions = client
        commands = (0..<members).map { number in
            [
                "etcd", "--name", "member\(number)", "--data-dir", directory("member\(number)"),
                "--listen-client-urls", "\(scheme)://\(isReachable ? "0.0.0.0" : "127.0.0.1"):\(ports[number])",
                "--advertise-client-urls", "\(scheme)://127.0.0.1:\(ports[number])",
                "--listen-peer-urls", peers[number], "--initial-advertise-peer-urls", peers[number],
                "--initial-cluster", names, "--unsafe-no-fsync", "--log-level", "error",
            ] + security + options
        }
        programs = Mutex(try commands.map { try Program($0, isJoined: true).start() })
        try await waitForLeader()
    }

    deinit {
        for program in programs.withLock({ $0 }) {
            program.kill(SIGKILL)
            program.wait()
        }
    }

    /// Waits until the members answer.
    package func waitForLeader() async throws {
        try await waitUntil("etcd has a leader") { (try? control("endpoint", "health")) != nil }
    }

    /// Runs etcdctl.
    @discardableResult package func control(_ words: String...) throws -> String {
        try Program(clientOptions + words).output()
    }

    /// Ends a member like a lost machine.
    package func kill(_ member: Int) {
        let program = programs.withLock { $0[member] }
        program.kill(SIGKILL)
        program.wait()
    }

    /// Starts a member that was ended.
    package func start(_ member: Int) throws {
        let program = try Program(commands[member], isJoined: true).start()
        programs.withLock { $0[member] = program }
    }

    /// Loses all data of a member that was ended.
    package func erase(_ member: Int) throws {
        try directory.shell("rm -r member\(member)")
    }

    /// The member that leads.
    package func leader() throws -> Int {
        for member in endpoints.indices {
            let status = try? Program(
                ["etcdctl", "--endpoints", endpoints[member]] + clientOptions.dropFirst(3)
                    + ["endpoint", "status", "--write-out", "fields"]
            ).output()
            guard let status, let leader = Self.field("Leader", status) else { continue }
            if leader == Self.field("MemberID", status) { return member }
        }
        throw NotInTime(description: "etcd has no leader")
    }

    private static func field(_ name: String, _ text: String) -> Substring? {
        text.split(separator: "\n").first { $0.hasPrefix("\"\(name)\" : ") }?.dropFirst(name.utf8.count + 5)
    }
}
