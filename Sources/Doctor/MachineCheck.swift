package import Core
internal import Foundation
internal import Layers
internal import Machines
package import PluginHost
package import SSH
internal import Sandbox
internal import Supervision
package import System
internal import Worker

/// Checks whether jobs can run on this machine and on the hosts of its targets.
///
/// Does not change the machine: it installs no package, and removes the files that it creates.
package struct MachineCheck: Sendable {
    /// The store's directory, which may be missing.
    private let store: String
    private let environment: ProcessEnvironment
    private let plugins: PluginSearchPath
    private let hosts: HostSettings
    private let cache: Result<String?, any Error>
    private let cacheLimit: ByteSize
    private let services: [ServiceProbe]

    /// - Parameters:
    ///   - store: The store's directory.
    ///   - environment: The environment of the programs that jobs start.
    ///   - cache: The directory of the cache, or why it cannot be used; nil if the cache is inside the store because
    ///     the user has no home directory.
    ///   - cacheLimit: The size limit of the cache.
    ///   - services: Probes of the services in the settings.
    package init(
        store: String, environment: ProcessEnvironment, plugins: PluginSearchPath, hosts: HostSettings,
        cache: Result<String?, any Error>, cacheLimit: ByteSize = .defaultCacheLimit,
        services: [ServiceProbe] = []
    ) {
        self.store = store
        self.environment = environment
        self.plugins = plugins
        self.hosts = hosts
        self.cache = cache
        self.cacheLimit = cacheLimit
        self.services = services
    }

    /// Performs all checks, in the order in which they are shown. Connects to hosts and services one after the other.
    package func findings() async -> [Finding] {
        let directory = FileManager.default.fileExists(atPath: store) ? store : FileManager.default.currentDirectoryPath
        var findings = await Capability.ofThisMachine(trying: directory).map(Finding.init)
        findings += [
            program("mmdebstrap", package: "mmdebstrap", use: "makes Debian and Ubuntu environments"),
            program("git", package: "git", use: "fetches repositories"),
            headroom(in: directory), temporaryFiles, pluginsFound, images, cacheFound, cacheContents,
        ]
        findings.append(await virtualMachines)
        for host in hosts.all { findings.append(await check(host)) }
        for service in services { findings.append(await service.finding()) }
        return findings
    }

    private func check(_ host: HostAddress) async -> Finding {
        do {
            let facts = try await RemoteSession.trial(
                of: RemoteHost(host, client: hosts.client), in: environment.temporaryDirectory)
            return Finding(name: "host", state: .good, detail: "\(host): \(facts)")
        } catch {
            let diagnostic = Failure(describing: error).diagnostics.first
            return Finding(
                name: "host", state: .absent, detail: diagnostic?.message ?? "\(host): \(error)",
                remedy: diagnostic?.hint)
        }
    }

    private func program(_ name: String, package: String, use: String) -> Finding {
        if let directory = environment.programDirectories.first(where: { access("\($0)/\(name)", X_OK) == 0 }) {
            return Finding(name: name, state: .good, detail: "\(directory)/\(name) \(use)")
        }
        return Finding(
            name: name, state: .absent, detail: "not on PATH; it \(use)", remedy: "apt-get install \(package)")
    }

    private func headroom(in directory: String) -> Finding {
        finding("headroom", good: "enough disk space and file descriptors to start jobs") {
            try ResourcePreflight.check(directory)
        }
    }

    private var temporaryFiles: Finding {
        finding("temporary files", good: "\(environment.temporaryDirectory) can be written") {
            try WritableDirectory.checkTemporary(environment.temporaryDirectory)
        }
    }

    private var pluginsFound: Finding {
        let names = plugins.find().files.map(\.name)
        guard !names.isEmpty else {
            return Finding(
                name: "plugins", state: .missing, detail: "none found",
                remedy: "set CISO_PLUGIN_PATH to their directory")
        }
        return Finding(name: "plugins", state: .good, detail: names.joined(separator: ", "))
    }

    /// The requirements of targets with an image.
    private var images: Finding {
        if let obstacle = EnvironmentStore.imageObstacle()?.diagnostics.first {
            return Finding(name: "images", state: .absent, detail: obstacle.message, remedy: obstacle.hint)
        }
        guard plugins.find().files.contains(where: { $0.name == "image" }) else {
            return Finding(
                name: "images", state: .absent, detail: "the plugin 'image' is not on the plugin path",
                remedy: "add the directory of libCisoImage.so to CISO_PLUGIN_PATH")
        }
        return Finding(
            name: "images", state: .good, detail: "images can be unpacked, and the plugin 'image' is installed")
    }

    /// The requirements of targets with virtual machines. A small program is booted to test KVM.
    private var virtualMachines: Finding {
        get async {
            let hardware = MachineHardware()
            if let obstacle = QEMU.obstacle(to: hardware)?.diagnostics.first {
                return Finding(
                    name: "virtual machines", state: .absent, detail: obstacle.message, remedy: obstacle.hint)
            }
            do {
                let finding = try await AcceleratorProbe(
                    cache: nil, temporary: environment.temporaryDirectory
                ).finding(for: hardware)
                guard let reason = finding.reason else {
                    return Finding(name: "virtual machines", state: .good, detail: "QEMU runs them with KVM")
                }
                return Finding(
                    name: "virtual machines", state: .good,
                    detail: "QEMU runs them without KVM, which is 7 to 30 times slower: \(reason)")
            } catch {
                return Finding(name: "virtual machines", state: .absent, detail: "\(Failure(describing: error))")
            }
        }
    }

    private var cacheFound: Finding {
        let reason = usersCache == nil ? ": this user has no writable home directory" : ""
        return finding("cache", good: cacheDirectory + reason) { _ = try cache.get() }
    }

    /// The user's cache; nil if there is none.
    private var usersCache: String? { (try? cache.get()) ?? nil }
    private var cacheDirectory: String { usersCache ?? "\(store)/ciso/cache" }

    /// The contents of the worker's cache and its limit.
    private var cacheContents: Finding {
        let entries = WorkerDirectories(store: store, cache: cacheDirectory).cacheEntries
        func words(_ kind: CacheUsage.Kind, _ noun: String, plural: String? = nil) -> String {
            let found = entries.filter { $0.kind == kind }
            return "\(count(found.count, noun, plural: plural)) (\(ByteSize(bytes: found.reduce(0) { $0 + $1.size })))"
        }
        let parts = [
            words(.environment, "root file system"), words(.layer, "unpacked layer"),
            words(.system, "layer of system packages", plural: "layers of system packages"),
            words(.image, "layer of images", plural: "layers of images"), words(.machine, "virtual machine"),
            words(.source, "source"),
        ]
        return Finding(
            name: "cache-limit", state: .good, detail: "\(cacheLimit); it holds \(parts.joined(separator: ", "))")
    }

    /// Good if `check` succeeds, missing if it throws.
    private func finding(_ name: String, good: String, _ check: () throws -> Void) -> Finding {
        do {
            try check()
            return Finding(name: name, state: .good, detail: good)
        } catch {
            let diagnostic = Failure(describing: error).diagnostics.first
            return Finding(
                name: name, state: .missing, detail: diagnostic?.message ?? "\(error)", remedy: diagnostic?.hint)
        }
    }
}

extension Finding {
    fileprivate init(_ capability: Capability) {
        self.init(
            name: capability.name, state: capability.isAvailable ? .good : capability.isOptional ? .absent : .missing,
            detail: capability.detail, remedy: capability.remedy)
    }
}
