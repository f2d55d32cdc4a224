internal import Synchronization

/// A docker-registry on this machine, from Debian's package.
package final class RegistryServer: Sendable {
    /// How users prove who they are.
    package enum Access: Sendable {
        case anonymous
        /// The user `ciso` with the password `secret`.
        case basic
        /// Tokens for the same user, from a server of its own.
        case bearer
    }

    private let directory: TemporaryDirectory
    private let program: Mutex<RunningProgram>
    private let tokens: RunningProgram?
    private let port: UInt16
    /// The address, without a repository.
    package let url: String

    package static var isInstalled: Bool { Program.areInstalled("docker-registry", "openssl", "python3", "htpasswd") }

    /// Starts a registry and waits until it listens.
    ///
    /// - Parameters:
    ///   - identity: its certificate; nil: no TLS.
    ///   - isReachable: whether other hosts can reach it, too.
    package init(
        _ access: Access = .anonymous, identity: CertificateAuthority.Identity? = nil, isReachable: Bool = false
    ) async throws {
        let directory = try TemporaryDirectory()
        let ports = try freePorts(2)
        (self.directory, port) = (directory, ports[0])
        url = "\(identity == nil ? "http" : "https")://127.0.0.1:\(port)"
        var lines = [
            "version: 0.1", "log: {level: error}",
            "storage: {filesystem: {rootdirectory: \(directory("data"))}, delete: {enabled: true}}",
        ]
        let security = identity.map { ", tls: {certificate: \($0.certificate), key: \($0.key)}" } ?? ""
        lines.append("http: {addr: '\(isReachable ? "0.0.0.0" : "127.0.0.1"):\(port)', secret: secret\(security)}")
        switch access {
        case .anonymous: tokens = nil
        case .basic:
            try directory.shell("htpasswd -Bbn -C 4 ciso secret >users")
            lines.append("auth: {htpasswd: {realm: tests, path: \(directory("users"))}}")
            tokens = nil
        case .bearer:
            try directory.shell(
                "openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out certificate -days 30 -subj /CN=tokens 2>log"
            )
            lines.append(
                "auth: {token: {realm: 'http://127.0.0.1:\(ports[1])/token', service: registry, issuer: tests, "
                    + "rootcertbundle: \(directory("certificate"))}}")
            tokens = try Program(
                ["python3", "-c", Self.tokenServer, "\(ports[1])", directory("key"), directory("certificate")]
            ).start()
        }
        try directory.write(lines.joined(separator: "\n") + "\n", to: "registry.yml")
        program = Mutex(try Self.start(directory))
        try await waitForAnswer()
        if tokens != nil { try await Self.waitUntilListening(ports[1]) }
    }

    deinit {
        for program in [program.withLock { $0 }, tokens].compactMap({ $0 }) {
            program.kill(9)
            program.wait()
        }
    }

    private static func start(_ directory: TemporaryDirectory) throws -> RunningProgram {
        try Program(["docker-registry", "serve", directory("registry.yml")], isJoined: true).start()
    }

    private static func waitUntilListening(_ port: UInt16) async throws {
        try await waitUntil("port \(port) is listened on") {
            try Program(["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/\(port)"]).run().status == 0
        }
    }

    private func waitForAnswer() async throws { try await Self.waitUntilListening(port) }

    /// Ends the registry as a crash does.
    package func kill() {
        let program = program.withLock { $0 }
        program.kill(9)
        program.wait()
    }

    /// Starts it again, and does not wait until it listens.
    package func restart() throws {
        let new = try Self.start(directory)
        program.withLock { $0 = new }
    }

    /// The path of the contents of a blob.
    package func file(ofBlob digest: String) -> String {
        directory("data/docker/registry/v2/blobs/sha256/\(digest.prefix(2))/\(digest)/data")
    }

    /// A file with the user and the password, as docker writes it.
    package func credentials(password: String = "secret") throws -> String {
        let file = "credentials-\(password).json"
        let encoded = try directory.shell("printf %s \"$1\" | base64", "ciso:\(password)").split(separator: "\n")[0]
        try directory.write(#"{"auths": {"127.0.0.1:\#(port)": {"auth": "\#(encoded)"}}}"#, to: file)
        return directory(file)
    }

    /// Issues the requested tokens, signed by openssl.
    private static let tokenServer = """
        import base64, http.server, json, subprocess, sys, time, urllib.parse

        def encoded(data): return base64.urlsafe_b64encode(data).rstrip(b'=')

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *args): pass

            def do_GET(self):
                if self.headers['Authorization'] != 'Basic ' + base64.b64encode(b'ciso:secret').decode():
                    self.send_error(401)
                    return
                query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
                access = []
                for scope in query.get('scope', []):
                    kind, name, actions = scope.split(':')
                    access.append({'type': kind, 'name': name, 'actions': actions.split(',')})
                certificate = ''.join(open(sys.argv[3]).read().split('\\n')[1:-2])
                now = int(time.time())
                head = encoded(json.dumps({'alg': 'RS256', 'typ': 'JWT', 'x5c': [certificate]}).encode())
                claims = encoded(json.dumps({
                    'iss': 'tests', 'sub': 'ciso', 'aud': query['service'][0], 'exp': now + 300, 'nbf': now - 60,
                    'iat': now, 'jti': str(now), 'access': access}).encode())
                text = head + b'.' + claims
                sign = ['openssl', 'dgst', '-sha256', '-sign', sys.argv[2]]
                signature = subprocess.run(sign, input=text, capture_output=True, check=True).stdout
                body = json.dumps({'token': (text + b'.' + encoded(signature)).decode()}).encode()
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

        http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
        """
}
