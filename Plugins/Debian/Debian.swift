internal import PluginKit

/// Debian's releases: apt, mmdebstrap.
struct Debian: DistributionPlugin {
    let description = PluginDescription(
        name: "debian", version: "1.0.0",
        summary: "Debian's releases: root file systems by mmdebstrap, packages by apt.",
        distributions: [
            Distribution(
                name: "debian", versions: releases.map(\.version), architectures: ["x86_64", "arm64"], family: "debian",
                shell: .posix)
        ],
        options: [
            PluginOption("packages", .words, default: "", summary: "Packages to add to every environment.")
        ])

    func target(_ request: CheckedRequest) throws -> TargetDescription {
        let release = Self.release(request)
        let architecture = request.request.architecture
        let systemCompiler = request.request.systemCompiler ? release.ocaml : nil
        let variables = OpamVariables(os: "linux", distribution: "debian", family: "debian", version: release.version)
        let apt = AptFamily(origin: "Debian", suite: release.suite, components: ["main"])
        let packages =
            AptFamily.basePackages + request.words("packages")
            + (systemCompiler == nil ? [] : ["ocaml", "ocaml-compiler-libs"])
        return TargetDescription(
            target: request.request.target,
            variables: variables.dictionary(architecture: architecture, systemCompiler: systemCompiler),
            buildVariables: ["make": "make"], systemCompiler: release.ocaml,
            environment: EnvironmentDescription(
                kind: .rootFileSystem,
                bootstrap: [apt.bootstrap(packages: packages, architecture: architecture), LinuxRoot.createUser],
                probe: LinuxRoot.probe(systemCompiler: systemCompiler != nil), tools: AptFamily.tools,
                shell: LinuxRoot.shell, paths: LinuxRoot.paths, buildUser: LinuxRoot.user,
                environment: LinuxRoot.environment))
    }

    func systemPackageNames(_ request: CheckedRequest) -> SystemPackageNames {
        Self.release(request).names
    }

    func install(_ packages: [String], _ request: CheckedRequest) -> [Step] {
        AptFamily.install(packages)
    }

    var patterns: [LogPattern] { AptFamily.patterns }

    private static func release(_ request: CheckedRequest) -> Release {
        releases.first { $0.version == request.version } ?? releases[0]
    }
}

@c(ciso_plugin_entry)
public func entry(hostABI: UInt32) -> UnsafeRawPointer? { export(Debian(), to: hostABI) }
