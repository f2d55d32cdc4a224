internal import System

extension PluginSkeleton {
    var manifest: String {
        let quoted = ciso.replacingScalar("\\", with: "\\\\").replacingScalar("\"", with: "\\\"")
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
                ],
                options: SSHSystem.options)

            func target(_ request: CheckedRequest) throws -> TargetDescription {
                try system.target(
                    request,
                    OpamVariables(
                        os: "\(pluginName)", distribution: "\(pluginName)", family: "\(pluginName)", version: request.version))
            }

            func systemPackageNames(_ request: CheckedRequest) -> SystemPackageNames {
                SystemPackageNames(renamed: ["gcc-c++": ["gcc"]], included: Set(system.packages))
            }

            func install(_ packages: [String], _ request: CheckedRequest) -> [Step] {
                [system.manager.step(packages)]
            }
        }

        /// The facts: the paths on a host, what every build finds there, and how packages are installed.
        private let system = SSHSystem(
            directory: "/var/ciso", path: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            shell: Shell(family: .posix, elevation: ["sudo", "-n"]), packages: ["git", "make"],
            manager: PackageManager(install: #"pkg install -y "$@""#, isInstalled: #"pkg info -e "$package""#))

        @c(ciso_plugin_entry)
        public func entry(hostABI: UInt32) -> UnsafeRawPointer? { export(\(name)(), to: hostABI) }

        """
    }

    var readMe: String {
        let hosts = kind == .ssh ? " --hosts '\(pluginName)-*=ssh://LOGIN@HOST'" : ""
        let edits =
            kind == .ssh
            ? "the versions and architectures, the package manager's commands, the packages that every build finds, and the "
                + "words that make root"
            : "the versions and architectures, the mirror and the archive of `bootstrap-root`, the package manager's commands, "
                + "and the packages that every build finds"
        return """
            # A plugin of ciso for \(name)

            Build it, try it, and let `ci` find it:

            ```sh
            \(build.command)
            ci plugin check \(build.file)
            CISO_PLUGIN_PATH=\(build.file) ci plugin list
            ```

            It builds and conforms as it is. For the real system change \(edits).

            Then build a package with it, by a matrix whose targets are `[\(pluginName)-1]`:

            ```sh
            CISO_PLUGIN_PATH=\(build.file) ci run matrix.yaml\(hosts)
            ```

            ciso's docs/plugins.md describes what a plugin answers and what `ci plugin check` tries.

            """
    }
}
