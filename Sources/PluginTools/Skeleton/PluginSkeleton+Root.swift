/// The parts of a skeleton for root file systems that a worker creates.
extension PluginSkeleton {
    /// The variable by which a user sets the distribution's mirror.
    private var mirrorVariable: String { "CISO_MIRROR_\(name.uppercased())" }

    var rootSource: String {
        """
        import PluginKit

        /// \(name): root file systems from an archive, packages by its package manager.
        struct \(name): DistributionPlugin {
            let description = PluginDescription(
                name: "\(pluginName)", version: "0.1.0", summary: "\(name): root file systems from an archive.",
                distributions: [
                    Distribution(
                        name: "\(pluginName)", versions: ["1"], architectures: ["x86_64"], family: "\(pluginName)", shell: .posix)
                ],
                options: RootSystem.options)

            func target(_ request: CheckedRequest) throws -> TargetDescription {
                let variables = OpamVariables(
                    os: "linux", distribution: "\(pluginName)", family: "\(pluginName)", version: request.version)
                return try system.target(request, variables) { packages in
                    [
                        bootstrap(version: request.version, machine: request.machine),
                        manager.step(packages, named: "install-base", phase: .bootstrap),
                        LinuxRoot.createUser,
                    ]
                }
            }

            func systemPackageNames(_ request: CheckedRequest) -> SystemPackageNames {
                SystemPackageNames(renamed: ["gcc-c++": ["gcc"]], included: Set(system.packages))
            }

            func install(_ packages: [String], _ request: CheckedRequest) throws -> [Step] {
                [manager.step(packages)]
            }

            /// Fills the empty root file system at $CISO_ROOT; run on the worker.
            private func bootstrap(version: String, machine: String) -> Step {
                Step(
                    "bootstrap-root", phase: .bootstrap,
                    script: \"""
                        mirror=${\(mirrorVariable):-https://mirror.example/\(pluginName)}
                        curl -fsSL --retry 3 -o "$CISO_CACHE/root.tar.gz" "$mirror/\\(version)/\\(machine)/root.tar.gz"
                        tar -x -z --numeric-owner -C "$CISO_ROOT" -f "$CISO_CACHE/root.tar.gz"

                        \""",
                    place: .worker, user: .root, network: true)
            }
        }

        /// What every build finds in the root file system, and what the bootstrap needs on the worker.
        private let system = RootSystem(
            packages: ["curl", "gcc", "git", "m4", "make", "patch", "tar", "unzip"],
            tools: [Tool("curl", packages: ["debian": "curl"]), Tool("tar")])

        private let manager = PackageManager(install: #"pkg install -y "$@""#)

        @c(ciso_plugin_entry)
        public func entry(hostABI: UInt32) -> UnsafeRawPointer? { export(\(name)(), to: hostABI) }

        """
    }

    /// The declaration `target[]` of the example in C for a root file system.
    var rootTargetInC: String {
        let mirror = "${\(mirrorVariable):-https://mirror.example/\(pluginName)}"
        return #"""
            static const char target[] =
                "{\"target\":\"" NAME "-1\",\"variables\":{\"arch\":\"x86_64\",\"os\":\"linux\",\"os-distribution\":\"" NAME "\","
                "\"os-family\":\"" NAME "\",\"os-version\":\"1\"},\"environment\":{\"kind\":\"root-file-system\","
                "\"tools\":[{\"program\":\"curl\"},{\"program\":\"tar\"}],\"bootstrap\":["
                "{\"name\":\"bootstrap-root\",\"phase\":\"bootstrap\",\"place\":\"worker\",\"user\":\"root\",\"network\":true,"
                "\"script\":\"mirror=\#(mirror)\\n"
                "curl -fsSL --retry 3 -o \\\"$CISO_CACHE/root.tar.gz\\\" \\\"$mirror/1/x86_64/root.tar.gz\\\"\\n"
                "tar -x -z --numeric-owner -C \\\"$CISO_ROOT\\\" -f \\\"$CISO_CACHE/root.tar.gz\\\"\\n\"},"
                "{\"name\":\"create-user\",\"phase\":\"bootstrap\",\"user\":\"root\",\"idempotent\":true,"
                "\"script\":\"id ciso >/dev/null 2>&1 || useradd -m -u 1000 -d /home/ciso ciso\\n"
                "mkdir -p /home/ciso/opam /home/ciso/build\\n"
                "chown 1000:1000 /home/ciso /home/ciso/opam /home/ciso/build\\n\"}],"
                "\"probe\":{\"name\":\"probe\",\"phase\":\"bootstrap\",\"script\":\". /etc/os-release\\n"
                "echo \\\"os-version=$VERSION_ID\\\"\\n\"},"
                "\"shell\":{\"path\":\"/bin/sh\",\"family\":\"posix\"},\"buildUser\":{\"name\":\"ciso\",\"uid\":1000,\"gid\":1000},"
                "\"environment\":{\"HOME\":\"/home/ciso\",\"PATH\":\"/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin\"},"
                "\"paths\":{\"home\":\"/home/ciso\",\"opamRoot\":\"/home/ciso/opam\",\"build\":\"/home/ciso/build\"}}}";

            """#
    }
}
