internal import ArgumentParser
internal import Core
internal import Foundation
internal import PluginHost
internal import SSH
internal import Sandbox
internal import Supervision
internal import Worker

struct DoctorCommand: AsyncParsableCommand, SandboxingCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Say what this machine can do, what is missing and how to get it.",
        discussion: "Exits with 3 if something is missing without which no job can run here.")

    @OptionGroup var store: StoreOption
    @OptionGroup var hosts: HostOptions
    @OptionGroup var cache: CacheOption

    @Option(help: "text or json.")
    var format: DocumentFormat = .text

    func run() async throws {
        let configuration = try Configuration.current()
        let path = try store.path(in: configuration)
        let findings =
            await Finding.all(store: path, plugins: try PluginSearchPath.configured(configuration))
            + [Finding(cache: cache, configuration, store: path)]
            + Finding.hosts(try hosts.settings(configuration), store: path)
        if format == .json {
            try printJSON(findings)
        } else {
            for finding in findings { StandardOutput.print(finding.line) }
        }
        if findings.contains(where: { $0.state == .missing }) { throw Ending(status: .infrastructure) }
    }
}

/// One thing that was looked at.
private struct Finding: Codable {
    enum State: String, Codable {
        case good, missing
        /// Only some jobs need it.
        case absent
    }

    var name: String
    var state: State
    var detail: String
    /// How to get what is missing.
    var remedy: String?

    var line: String {
        let mark =
            switch state {
            case .good: "ok     "
            case .absent: "absent "
            case .missing: "MISSING"
            }
        return "\(mark)  \(name): \(detail)" + (remedy.map { "\n           \($0)" } ?? "")
    }
}

extension Finding {
    /// Looks at everything that running jobs here depends on.
    static func all(store: String, plugins: PluginSearchPath) async -> [Finding] {
        let folder = FileManager.default.fileExists(atPath: store) ? store : FileManager.default.currentDirectoryPath
        return await Capability.ofThisMachine(trying: folder).map(Finding.init) + [
            program("mmdebstrap", package: "mmdebstrap", use: "makes Debian and Ubuntu environments"),
            program("curl", package: "curl", use: "fetches sources"),
            program("git", package: "git", use: "fetches repositories"),
            headroom(in: folder), found(plugins),
        ]
    }

    /// Tries to reach every host that is set.
    static func hosts(_ settings: HostSettings, store: String) async -> [Finding] {
        var findings: [Finding] = []
        for host in settings.all {
            do {
                let facts = try await RemoteSession.trial(of: RemoteHost(host, client: settings.client))
                findings.append(Finding(name: "host", state: .good, detail: "\(host): \(facts)"))
            } catch let refusal as RemoteRefusal {
                findings.append(Finding(name: "host", state: .absent, detail: refusal.message, remedy: refusal.hint))
            } catch {
                findings.append(Finding(name: "host", state: .absent, detail: "\(host): \(error)"))
            }
        }
        return findings
    }

    private init(_ capability: Capability) {
        name = capability.name
        state = capability.isAvailable ? .good : capability.isOptional ? .absent : .missing
        detail = capability.detail
        remedy = capability.remedy
    }

    /// Whether what can be computed again can be kept.
    fileprivate init(cache: CacheOption, _ configuration: Configuration, store: String) {
        do {
            let place = try cache.directory(in: configuration)
            let reason = place == nil ? ": no home of this user can be written" : ""
            self.init(
                name: "cache", state: .good, detail: (place ?? "\(store)/ciso/cache") + reason, remedy: nil)
        } catch {
            let diagnostic = (error as? Failure)?.diagnostics.first
            self.init(
                name: "cache", state: .missing, detail: diagnostic?.message ?? "\(error)", remedy: diagnostic?.hint)
        }
    }

    private static func program(_ name: String, package: String, use: String) -> Finding {
        let folders = (Terminal.environment("PATH") ?? "").split(separator: ":")
        if let folder = folders.first(where: { access("\($0)/\(name)", X_OK) == 0 }) {
            return Finding(name: name, state: .good, detail: "\(folder)/\(name) \(use)")
        }
        return Finding(
            name: name, state: .absent, detail: "not on PATH; it \(use)", remedy: "apt-get install \(package)")
    }

    private static func headroom(in folder: String) -> Finding {
        do {
            try ResourcePreflight.check(folder)
            return Finding(name: "headroom", state: .good, detail: "disk space and open files suffice to start jobs")
        } catch {
            let diagnostic = error.diagnostics.first
            return Finding(
                name: "headroom", state: .missing, detail: diagnostic?.message ?? error.description,
                remedy: diagnostic?.hint)
        }
    }

    private static func found(_ plugins: PluginSearchPath) -> Finding {
        let names = plugins.find().files.map(\.name)
        guard !names.isEmpty else {
            return Finding(
                name: "plugins", state: .missing, detail: "none found", remedy: "set CISO_PLUGIN_PATH to their folder")
        }
        return Finding(name: "plugins", state: .good, detail: names.joined(separator: ", "))
    }
}
