import Glibc
import Supervision

/// The arguments of bubblewrap before the command, and their encoding for its option `--args`.
struct BubblewrapArguments {
    private(set) var words: [String] = []

    /// - Parameters:
    ///   - access: the directories to mount separately; nil if everything is writable.
    ///   - root: the mount point of the overlay.
    ///   - temporary: the directory that is mounted as `/tmp`.
    ///   - namespace: a descriptor of the user namespace to enter; nil if bubblewrap creates one.
    init(
        command: Command, layout: Sandbox.Layout, access: [Command.Access]?, root: String, temporary: String,
        namespace: Int32?, filter: Int32,
        status: Int32
    ) {
        add("--bind", root, "/")
        addKernelFileSystems(protectingSettings: namespace != nil)
        for directory in access ?? [] {
            add(directory.isWritable ? "--bind" : "--ro-bind", root + directory.path, directory.path)
        }
        add("--bind", temporary, "/tmp")
        addNamespaces(command, hostname: layout.hostname, namespace)
        for bind in layout.binds {
            let option = bind.isDevice ? "--dev-bind" : bind.writable ? "--bind" : "--ro-bind"
            add(option, bind.source, bind.destination)
        }
        if command.network { addNameResolution(base: layout.base) }
        if access != nil { add("--remount-ro", "/") }
        add("--seccomp", String(filter))
        add("--json-status-fd", String(status))
        for (name, value) in command.environment.sorted(by: { $0.key < $1.key }) {
            add("--setenv", name, value)
        }
        add("--chdir", command.workingDirectory)
    }

    /// The arguments, each terminated by a zero byte.
    var encoded: [UInt8] {
        words.flatMap { Array($0.utf8) + [0] }
    }

    private mutating func add(_ option: String...) {
        words += option
    }

    /// - Parameter protectingSettings: the kernel lets the machine's root change its settings even from inside
    ///   namespaces, and root of the sandbox is the same user: so they are mounted read-only.
    private mutating func addKernelFileSystems(protectingSettings: Bool) {
        add("--proc", "/proc")
        if protectingSettings {
            add("--ro-bind", "/proc/sys", "/proc/sys")
            for name in ["sysrq-trigger", "kcore", "keys", "timer_list", "sched_debug"] {
                let path = "/proc/\(name)"
                if access(path, F_OK) == 0 { add("--ro-bind", "/dev/null", path) }
            }
        }
        add("--dev", "/dev")
    }

    private mutating func addNamespaces(_ command: Command, hostname: String, _ namespace: Int32?) {
        if let namespace {
            add("--userns", String(namespace))
            if command.user == .root { addCapabilities() }
        } else {
            add("--unshare-user", "--uid", String(command.user.uid), "--gid", String(command.user.gid))
        }
        add("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--hostname", hostname)
        if !command.network { add("--unshare-net") }
        add("--die-with-parent", "--new-session")
    }

    /// The capabilities that package managers need, which container engines usually grant.
    private mutating func addCapabilities() {
        add("--cap-drop", "ALL")
        for name in ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETFCAP", "SYS_CHROOT"] {
            add("--cap-add", "CAP_\(name)")
        }
    }

    /// Mounts the machine's own name resolution over that of the base, if it is a regular file there.
    private mutating func addNameResolution(base: String) {
        var status = stat()
        let file = "/etc/resolv.conf"
        guard lstat(base + file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return }
        add("--ro-bind-try", file, file)
    }
}
