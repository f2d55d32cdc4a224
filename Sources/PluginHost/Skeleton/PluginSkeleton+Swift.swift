extension PluginSkeleton {
    var manifest: String {
        let quoted = ciso.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        let dependency =
            ciso.contains("://") || ciso.hasPrefix("git@")
            ? #".package(url: "\#(quoted)", branch: "main")"# : #".package(name: "ciso", path: "\#(quoted)")"#
        return """
            // swift-tools-version: 6.2

            import PackageDescription

            let package = Package(
                name: "Ciso\(name)",
                products: [.library(name: "Ciso\(name)", type: .dynamic, targets: ["Ciso\(name)"])],
                dependencies: [\(dependency)],
                targets: [
                    .target(name: "Ciso\(name)", dependencies: [.product(name: "PluginKit", package: "ciso")])
                ]
            )

            """
    }

    var swiftSource: String {
        """
        import PluginKit

        /// \(name), reached by ssh.
        struct \(name): DistributionPlugin {
            let description = PluginDescription(
                name: "\(pluginName)", version: "0.1.0", summary: "\(name) hosts reached by ssh.",
                distributions: [
                    Distribution(
                        name: "\(pluginName)", versions: ["1"], architectures: ["x86_64"], family: "\(pluginName)", shell: .posix)
                ])

            func target(_ request: CheckedRequest) throws -> TargetDescription {
                let directory = "/var/ciso"
                let variables = OpamVariables(
                    os: "\(pluginName)", distribution: "\(pluginName)", family: "\(pluginName)", version: request.version)
                return TargetDescription(
                    target: request.request.target,
                    variables: variables.dictionary(architecture: request.request.architecture),
                    environment: EnvironmentDescription(
                        kind: .host, bootstrap: [SSHHost.makeDirectories(base: directory)],
                        probe: SSHHost.probe(version: nil, systemCompiler: false),
                        shell: Shell(family: .posix, elevation: ["sudo", "-n"]), paths: SSHHost.paths(base: directory),
                        buildUser: BuildUser(name: "ciso"),
                        environment: SSHHost.environment(base: directory, path: "/usr/bin:/bin:/usr/sbin:/sbin")))
            }

            func systemPackageNames(_ request: CheckedRequest) -> SystemPackageNames {
                SystemPackageNames(renamed: ["gcc-c++": ["gcc"]])
            }

            func install(_ packages: [String], _ request: CheckedRequest) -> [Step] {
                [
                    Step(
                        "install-system-packages", phase: .depext, script: "pkg install -y \\(shellQuoted(packages))\\n",
                        user: .root, network: true, idempotent: true)
                ]
            }
        }

        @c(ciso_plugin_entry)
        public func entry(hostABI: UInt32) -> UnsafeRawPointer? { export(\(name)(), to: hostABI) }

        """
    }

    var readMe: String {
        """
        # A plugin of ciso for \(name)

        Build it, try it, and let `ci` find it:

        ```sh
        \(build.command)
        ci plugin check \(build.file)
        CISO_PLUGIN_PATH=\(build.file) ci plugin list
        ```

        ciso's docs/plugins.md tells what a plugin answers and what `ci plugin check` tries.

        """
    }
}
