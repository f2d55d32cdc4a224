public import PluginMessages

/// What the environments of Linux distributions have in common: a root file system with one unprivileged user.
public enum LinuxRoot {
    /// The user of builds in root file systems.
    public static let user = BuildUser(name: "opam", uid: 1000, gid: 1000)
    /// The directories of that user.
    public static let paths = Paths(home: "/home/opam", opamRoot: "/home/opam/.opam", build: "/home/opam/build")
    /// `/bin/sh`.
    public static let shell = Shell(family: .posix)
    /// The variables of steps, which do not inherit the worker's environment.
    public static let environment = [
        "HOME": paths.home, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC", "USER": user.name,
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ]

    /// Creates the build user by `useradd`, and its directories.
    public static let createUser = Step(
        "create-user", phase: .bootstrap,
        script: """
            if ! id \(user.name) >/dev/null 2>&1; then
                groupadd -g 1000 \(user.name)
                useradd -m -u 1000 -g 1000 -d \(paths.home) -s /bin/sh \(user.name)
            fi
            \(ownDirectories)
            """,
        user: .root, idempotent: true)

    /// Creates the build user by busybox's `adduser`, and its directories.
    public static let createBusyboxUser = Step(
        "create-user", phase: .bootstrap,
        script: """
            if ! id \(user.name) >/dev/null 2>&1; then
                addgroup -g 1000 \(user.name)
                adduser -D -u 1000 -G \(user.name) -h \(paths.home) -s /bin/sh \(user.name)
            fi
            \(ownDirectories)
            """,
        user: .root, idempotent: true)

    private static let ownDirectories = """
        mkdir -p \(paths.opamRoot) \(paths.build)
        chown 1000:1000 \(paths.home) \(paths.opamRoot) \(paths.build)

        """

    /// Compares the finished environment with its description: prints the values from `/etc/os-release`, `uname` and,
    /// with the system compiler, `ocamlc`.
    public static func probe(systemCompiler: Bool, rolling: Bool = false) -> Step {
        var script = "echo \"arch=$(uname -m | sed -e 's/^aarch64$/arm64/')\"\n"
        if !rolling {
            script += ". /etc/os-release\necho \"os-version=$VERSION_ID\"\n"
        }
        return probe(script, systemCompiler: systemCompiler)
    }

    /// Compares the finished environment with its description by a script of the plugin.
    ///
    /// - Parameters:
    ///   - script: Prints lines `VARIABLE=VALUE`.
    ///   - systemCompiler: Whether the version printed by `ocamlc` is compared, too.
    public static func probe(_ script: String, systemCompiler: Bool) -> Step {
        let compiler = systemCompiler ? "echo \"sys-ocaml-version=$(ocamlc -vnum)\"\n" : ""
        return Step("probe", phase: .bootstrap, script: script + compiler, cacheable: false, idempotent: true)
    }
}
