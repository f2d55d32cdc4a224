internal import PluginKit

/// Debian's releases: apt, mmdebstrap.
struct Debian: DistributionPlugin {
    let description = PluginDescription(
        name: "debian", version: "1.1.0",
        summary: "Debian's releases: root file systems by mmdebstrap, packages by apt.",
        distributions: [
            Distribution(
                name: "debian", versions: releases.map(\.version), architectures: ["x86_64", "arm64"], family: "debian",
                shell: .posix,
                namesCompared: ["debian-11": "2026-11-28", "debian-12": "2026-11-28", "debian-13": "2026-11-28"])
        ],
        options: [RootSystem.packagesOption])

    func target(_ request: CheckedRequest) throws -> TargetDescription {
        let release = Self.release(request)
        let apt = AptFamily(origin: "Debian", suite: release.suite, components: ["main"])
        return apt.target(
            request, ocaml: release.ocaml, opam: request.request.opamClient == true ? release.opam : nil)
    }

    func systemPackageNames(_ request: CheckedRequest) -> SystemPackageNames {
        Self.release(request).names
    }

    func install(_ packages: [String], _ request: CheckedRequest) -> [Step] {
        AptFamily.install(packages)
    }

    var versionQuery: String? { AptFamily.versionQuery }

    var patterns: [LogPattern] { AptFamily.patterns }

    private static func release(_ request: CheckedRequest) -> Release {
        releases.first { $0.version == request.version } ?? releases[0]
    }
}

@c(ciso_plugin_entry)
public func entry(hostABI: UInt32) -> UnsafeRawPointer? { export(Debian(), to: hostABI) }
