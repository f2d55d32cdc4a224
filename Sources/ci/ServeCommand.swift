internal import ArgumentParser
internal import Core
internal import Etcd
internal import Foundation
internal import HTTP
internal import Model
internal import Pages
internal import PluginHost
internal import Review
internal import System

struct ServeCommand: ParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve the pages of 'ci report' from the store, live.",
        discussion: """
            Only reads the store, and watches it: pages show new results within a second, and open pages are updated. \
            The same data as JSON is below /api/v1/ (described by /api/v1/openapi.json); /healthz and /metrics are for \
            monitoring. Clients with a token of 'ci token new' can retry and cancel cells. For TLS, run it behind a proxy. The \
            access log goes to standard output in the combined format. SIGTERM and Ctrl-C end the server with exit code 0.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption
    @OptionGroup var output: OutputOptions

    @Option(help: "The deployment (default: the only one).")
    var deployment: String?

    @Option(
        help: ArgumentHelp("Where to listen; port 0 selects a free one.", valueName: "host:port"),
        parsedBy: expecting("HOST:PORT, with an IPv6 address in brackets", ListenAddress.init(_:)))
    var listen = ListenAddress(host: "127.0.0.1", port: 8080)

    @Option(help: "The site's public address, for links in feeds: https://ci.example.org/.")
    var address: String?

    @Option(help: "The file that the access log is appended to (default: standard output).", completion: .file())
    var accessLog: String?

    func run() throws {
        let configuration = try Configuration.current()
        let path = try store.path(in: configuration)
        // Errors of the store or the deployment are reported before the server starts. A deployment that is planned
        // later does not make the choice ambiguous.
        let chosen = try store.results(of: deployment).header.deployment
        var settings = ServerSettings(
            store: path, deployment: chosen, cache: try store.indexCache(), host: listen.host, port: listen.port,
            address: address, accessLog: accessLog, isQuiet: output.quiet)
        settings.coordination = try Self.coordination(configuration)
        guard let program = Self.program else {
            throw Failure(
                .unavailable, "there is no ciso-serve in the directory of ci",
                hint: "build it: scripts/build-server")
        }
        throw Failure(
            .unavailable, "cannot start '\(program)': \(replaceProcess(by: program, [settings.argument]))")
    }

    /// The etcd that the settings name; nil if they name none.
    private static func coordination(_ configuration: Configuration) throws -> ServerSettings.Coordination? {
        guard let etcd = try EtcdSettings(configuration, nil) else { return nil }
        var coordination = ServerSettings.Coordination(endpoints: etcd.endpoints, root: etcd.root)
        coordination.user = etcd.user
        coordination.passwordFile = try EtcdSettings.passwordFile(configuration, nil)
        (coordination.authorities, coordination.authorityDirectory) = (
            etcd.http.authorities, etcd.http.authorityDirectory
        )
        (coordination.certificate, coordination.key) = (etcd.http.certificate, etcd.http.key)
        return coordination
    }

    /// The path of the server program in the directory of this one; nil if it is missing.
    private static var program: String? {
        guard let own = runningProgram() else { return nil }
        let path = URL(filePath: own).deletingLastPathComponent().appending(path: "ciso-serve").path
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }
}

/// `HOST:PORT`, with IPv6 addresses in brackets.
struct ListenAddress: CustomStringConvertible {
    let host: String
    let port: Int

    init(host: String, port: Int) {
        (self.host, self.port) = (host, port)
    }

    /// Parses an address; nil if the text is none.
    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...])
        else {
            return nil
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, !host.contains(where: { $0.isWhitespace || $0 == "/" }) else { return nil }
        (self.host, self.port) = (String(host), Int(port))
    }

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
