internal import PluginKit

/// Ubuntu's long-term releases: apt, mmdebstrap.
struct Ubuntu: DistributionPlugin {
    let description = PluginDescription(
        name: "ubuntu", version: "1.1.0",
        summary: "Ubuntu's long-term releases: root file systems by mmdebstrap, packages by apt.",
        distributions: [
            Distribution(
                name: "ubuntu", versions: releases.map(\.version), architectures: ["x86_64", "arm64"], family: "debian",
                shell: .posix)
        ],
        options: [RootSystem.packagesOption, OpamClientOption.option])

    func target(_ request: CheckedRequest) throws -> TargetDescription {
        let release = Self.release(request)
        let apt = AptFamily(origin: "Ubuntu", suite: release.suite, components: ["main", "universe"])
        return apt.target(
            request, ocaml: release.ocaml, opam: try OpamClientOption.version(request), mirrorRequired: true)
    }

    func systemPackageNames(_ request: CheckedRequest) -> SystemPackageNames {
        SystemPackageNames(
            renamed: renamed, absent: absent, because: "a name of another system",
            included: Set(AptFamily.basePackages))
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

/// A release, with the version of its package `ocaml`.
private struct Release {
    let version: String
    let suite: String
    let ocaml: String
}

private let releases = [
    Release(version: "20.04", suite: "focal", ocaml: "4.08.1"),
    Release(version: "22.04", suite: "jammy", ocaml: "4.13.1"),
    Release(version: "24.04", suite: "noble", ocaml: "4.14.1"),
]

private let renamed = [
    "gcc-c++": [], "gcc-g++": [],
    "libmariadbclient-dev": ["libmariadb-dev"], "libmaxminddb": ["libmaxminddb-dev"],
    "libopenjpeg-dev": ["libopenjp2-7-dev"], "libsoundtouch0-dev": ["libsoundtouch-dev"],
    "linux-headers": ["linux-libc-dev"],
]

private let absent = [
    "cygwin", "fedora", "gtk-mac-integration", "homebrew", "libgstreamer0.10-dev", "libgtksourceview2.0-dev",
    "libqt4-dev", "mingw-w64-i686-libglade", "oraclelinux", "osx", "qt4-qmake",
]

@c(ciso_plugin_entry)
public func entry(hostABI: UInt32) -> UnsafeRawPointer? { export(Ubuntu(), to: hostABI) }
