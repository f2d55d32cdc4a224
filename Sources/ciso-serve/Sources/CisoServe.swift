internal import Core
internal import Dispatch
internal import Glibc
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Pages
internal import ServiceLifecycle
internal import Store

/// Serves the pages of a deployment. Apart from changes by clients with a token it only reads the store, so it can be
/// restarted at any time.
@main
struct CisoServe {
    static func main() async {
        ResidentMemory.keepSmall()
        signal(SIGPIPE, SIG_IGN)
        do {
            let settings = try ServerSettings(arguments: CommandLine.arguments)
            try await serve(settings)
        } catch {
            let failure = Failure(describing: error)
            printError(failure.description)
            exit(failure.category == .input ? ExitStatus.input.rawValue : ExitStatus.infrastructure.rawValue)
        }
    }

    private static func serve(_ settings: ServerSettings) async throws {
        LoggingSystem.bootstrap { _ in SwiftLogNoOpLogHandler() }
        let store = try Store(opening: settings.store, options: StoreOptions(settings.coordination))
        let log = try AccessLog(path: settings.accessLog)
        let events = EventHub()
        let site = try LiveSite(store, settings, events)
        let metrics = Metrics()
        let responder = SiteResponder(site: site, events: events, metrics: metrics, log: log, store: store)
        let stop = StopSignals {
            events.finish()
        } end: {
            log.flush()
        }
        let configuration = HTTP1Channel.Configuration(
            additionalChannelHandlers: [ConnectionSetup()], idleTimeout: .seconds(Int64(ServerLimits.idle)),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: ServerLimits.head / 2, maxHeaderListSize: ServerLimits.head,
                maxHeaderFieldCount: 100))
        let server = try HTTPServerBuilder.http1(configuration: configuration).buildServer(
            configuration: ServerConfiguration(
                address: .hostname(settings.host, port: settings.port), backlog: 1024,
                availableConnectionsDelegate: MaximumAvailableConnections(ServerLimits.connections)),
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: Logger(label: "ciso.serve"),
            responder: { try await responder.respond(to: $0, $1, from: $2) },
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? settings.port
                let host = settings.host.contains(":") ? "[\(settings.host)]" : settings.host
                if !settings.isQuiet { printError("serving http://\(host):\(port)/") }
            })
        site.follow()
        events.start()
        do {
            try await server.run()
        } catch {
            throw Failure(
                .unavailable, "cannot listen on \(settings.host):\(settings.port): \(error)",
                hint: "another program may use the port; choose another by --listen")
        }
        stop.end()
    }
}

/// Prints a line on standard error.
func printError(_ line: String) { try? FileDescriptorOutput.error.write(line + "\n") }

/// A file descriptor that lines are written to.
struct FileDescriptorOutput {
    let descriptor: Int32

    static let error = FileDescriptorOutput(descriptor: STDERR_FILENO)

    /// Writes a whole text, repeating partial writes.
    func write(_ text: String) throws {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else { throw Failure(.unavailable, "cannot write") }
            bytes = bytes.dropFirst(max(0, count))
        }
    }
}

/// Ends the server with exit code 0 on SIGTERM and SIGINT, after closing the event streams and giving requests a moment
/// to finish.
final class StopSignals {
    private let sources: [any DispatchSourceSignal]
    private let finish: @Sendable () -> Void

    init(_ begin: @escaping @Sendable () -> Void, end: @escaping @Sendable () -> Void) {
        finish = end
        sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                begin()
                DispatchQueue.global().asyncAfter(deadline: .now() + 0.2) {
                    end()
                    exit(0)
                }
            }
            source.resume()
            return source
        }
    }

    /// Ends the program.
    func end() -> Never {
        finish()
        exit(0)
    }
}
