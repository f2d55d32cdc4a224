public import PluginMessages

/// What the environments of systems reached by ssh have in common: a login user, one directory for our files, no agent.
public enum SSHHost {
    /// The paths in `base`, a directory that belongs to the login user.
    public static func paths(base: String) -> Paths {
        Paths(home: "\(base)/home", opamRoot: "\(base)/opam", build: "\(base)/build")
    }

    /// Creates `base` and its subdirectories for the login user, whatever command gives root privileges.
    public static func makeDirectories(base: String) -> Step {
        let paths = paths(base: base)
        return Step(
            "make-directories", phase: .bootstrap,
            script: """
                owner=${CISO_LOGIN:-$(id -un)}
                for directory in \(base) \(paths.home) \(paths.opamRoot) \(paths.build); do
                    [ -d "$directory" ] || mkdir -p "$directory"
                    chown "$owner" "$directory"
                done

                """,
            user: .root, idempotent: true,
            unless: """
                for directory in \(base) \(paths.build); do
                    [ -d "$directory" ] && [ -w "$directory" ] || exit 1
                done

                """)
    }

    /// Compares a host with its description.
    ///
    /// - Parameter version: A command that prints opam's `os-version`; nil to skip the comparison.
    public static func probe(version: String?, systemCompiler: Bool) -> Step {
        var script = """
            machine=$(uname -m)
            case $machine in
                amd64) machine=x86_64 ;;
                aarch64) machine=arm64 ;;
            esac
            echo "arch=$machine"

            """
        if let version { script += "echo \"os-version=$(\(version))\"\n" }
        return LinuxRoot.probe(script, systemCompiler: systemCompiler)
    }

    /// The environment variables of every step. `path` depends on the system.
    public static func environment(base: String, path: String) -> [String: String] {
        ["HOME": paths(base: base).home, "LC_ALL": "C", "TZ": "UTC", "PATH": path]
    }
}
