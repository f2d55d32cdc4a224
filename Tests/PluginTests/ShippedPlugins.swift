import Core
import Foundation
import PluginHost
import PluginMessages

/// The plugins of this repository, from the build directory of the tests.
enum ShippedPlugins {
    static let directory = runningProgram().map { String($0[..<($0.lastIndex(of: "/") ?? $0.startIndex)]) } ?? "."
    static let catalog = PluginCatalog(PluginSearchPath(entries: [directory]))
    /// One target of every version that a shipped plugin serves, the newest last.
    static let names = [
        "alpine", "archlinux", "debian", "fedora", "freebsd", "image", "macos", "netbsd", "openbsd", "ubuntu",
    ]

    /// Every target of a plugin, with and without the distribution's compiler if it has one.
    static func requests(of plugin: Plugin) async throws -> [TargetRequest] {
        var requests: [TargetRequest] = []
        for distribution in try await plugin.describe().distributions {
            for target in distribution.targets {
                let version = target == distribution.name ? nil : String(target.dropFirst(distribution.name.count + 1))
                for architecture in distribution.architectures {
                    let request = TargetRequest(
                        target: target, distribution: distribution.name, version: version, architecture: architecture)
                    requests.append(request)
                    var system = request
                    system.systemCompiler = true
                    if try await plugin.target(request).systemCompiler != nil { requests.append(system) }
                }
            }
        }
        return requests
    }
}
