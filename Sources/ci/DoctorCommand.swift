internal import ArgumentParser
internal import Core
internal import Executor
internal import Foundation
internal import PluginHost

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Say what this machine can do, what is missing and how to get it.",
        discussion: "Exits with 3 if something is missing without which no job can run here.")

    @OptionGroup var store: StoreOption

    @Option(help: "text or json.")
    var format: OutputFormat = .text

    func run() async throws {
        let configuration = try Configuration.current()
        let findings = await Examination(
            store: try store.path(in: configuration), plugins: try PluginSearchPath.configured(configuration)
        ).findings()
        if format == .json {
            print(String(decoding: try CanonicalJSON.encode(findings), as: UTF8.self), terminator: "")
        } else {
            for finding in findings { print(finding.line) }
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

/// Looks at everything that running jobs here depends on.
private struct Examination {
    let store: String
    let plugins: PluginSearchPath

    func findings() async -> [Finding] {
        var findings = [
            program("bwrap", package: "bubblewrap", use: "keeps builds in sandboxes", isNeeded: true),
            program("mmdebstrap", package: "mmdebstrap", use: "makes Debian and Ubuntu environments", isNeeded: false),
            program("curl", package: "curl", use: "fetches sources", isNeeded: false),
            program("ssh", package: "openssh-client", use: "reaches other hosts", isNeeded: false),
            program("git", package: "git", use: "fetches repositories", isNeeded: false),
        ]
        findings.append(await sandbox())
        findings.append(overlay())
        findings.append(headroom())
        findings.append(found())
        return findings
    }

    private func program(_ name: String, package: String, use: String, isNeeded: Bool) -> Finding {
        let folders = (Terminal.environment("PATH") ?? "").split(separator: ":")
        if let folder = folders.first(where: { access("\($0)/\(name)", X_OK) == 0 }) {
            return Finding(name: name, state: .good, detail: "\(folder)/\(name) \(use)")
        }
        return Finding(
            name: name, state: isNeeded ? .missing : .absent, detail: "not on PATH; it \(use)",
            remedy: "apt-get install \(package)")
    }

    private func sandbox() async -> Finding {
        let result = await Host.run(Command(name: "true", .script("true")), output: { _ in })
        if result.ending == .exited(0) {
            let user = geteuid() == 0 ? "as root" : "as an ordinary user"
            return Finding(name: "sandbox", state: .good, detail: "a command ran in its own namespaces, \(user)")
        }
        return Finding(
            name: "sandbox", state: .missing, detail: "a command in its own namespaces ended with \(result.ending)",
            remedy: "run as root, or allow user namespaces: sysctl kernel.unprivileged_userns_clone=1")
    }

    private func overlay() -> Finding {
        let systems = (try? String(contentsOfFile: "/proc/filesystems", encoding: .utf8)) ?? ""
        let isThere = systems.split(separator: "\n").contains { $0.hasSuffix("\toverlay") }
        return Finding(
            name: "overlayfs", state: isThere ? .good : .missing,
            detail: isThere ? "the kernel stacks layers" : "the kernel has no overlay file system",
            remedy: isThere ? nil : "modprobe overlay")
    }

    private func headroom() -> Finding {
        let folder = FileManager.default.fileExists(atPath: store) ? store : "."
        do {
            try Headroom.check(folder)
            return Finding(name: "headroom", state: .good, detail: "disk space and open files suffice to start jobs")
        } catch {
            let diagnostic = error.diagnostics.first
            return Finding(
                name: "headroom", state: .missing, detail: diagnostic?.message ?? error.description,
                remedy: diagnostic?.hint)
        }
    }

    private func found() -> Finding {
        let names = plugins.find().files.map(\.name)
        guard !names.isEmpty else {
            return Finding(
                name: "plugins", state: .missing, detail: "none found", remedy: "set CISO_PLUGIN_PATH to their folder")
        }
        return Finding(name: "plugins", state: .good, detail: names.joined(separator: ", "))
    }
}
