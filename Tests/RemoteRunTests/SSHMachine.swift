import Foundation
import Glibc
import TestSupport
import Testing

/// A separate machine from the point of view of ssh: a network namespace behind a pair of virtual interfaces, and a
/// mount namespace in which the scripts of a plugin see a system that cannot be run here.
///
/// ``Flavour`` describes the imitated system; everything else is this machine's Debian.
final class SSHMachine: Sendable {
    static let isPossible =
        getuid() == 0
        && (["/usr/sbin/sshd", "/usr/bin/ssh", "/usr/bin/ssh-keygen", "/usr/sbin/ip", "/usr/bin/cc"] as [String])
            .allSatisfy { access($0, X_OK) == 0 }

    /// The properties of a system that these tests imitate.
    struct Flavour: Sendable, CustomTestStringConvertible {
        var testDescription: String { target }

        var target: String
        /// The login's shell, and `/bin/sh`.
        var shell: String
        /// The plugin's directory on the host.
        var directory: String
        /// The output of `uname` for `-r` or `-U`.
        var version: String
        /// Programs that are covered by others.
        var covered: [String: String] = [:]
        /// Scripts in `/usr/local/bin`.
        var programs: [String: String]
        /// Words of the program that makes root.
        var elevation: String

        /// mksh, which has the same ancestor as OpenBSD's ksh; pkg_add and pkg_info with a directory of names.
        static let openbsd = Flavour(
            target: "openbsd-7.7", shell: "/bin/mksh", directory: "/home/ciso", version: "7.7",
            programs: [
                "pkg_add": """
                for name do
                    case $name in
                    -*) ;;
                    missing*) echo "Can't find $name" ;;
                    *) stem=${name%%[%]*}; : > /var/tmp/db/"${stem%%--*}"; echo "$name: ok" ;;
                    esac
                done
                printf '#!/bin/sh\\necho hello\\n' > /var/tmp/db/bin/hello-tool; chmod 755 /var/tmp/db/bin/hello-tool
                """,
                "pkg_info": """
                if [ $# -eq 1 ]; then
                    for file in /var/tmp/db/*; do [ -d "$file" ] || echo "${file##*/}-2.12p0-static"; done
                    exit
                fi
                for name do :; done
                [ -e /var/tmp/db/"${name%-\\*}" ]
                """,
            ], elevation: "doas")

        /// dash, libarchive's tar; pkg with a directory of names.
        static let freebsd = Flavour(
            target: "freebsd-14.2", shell: "/bin/dash", directory: "/var/ciso", version: "1402000",
            covered: ["/usr/bin/tar": "/usr/bin/bsdtar"],
            programs: [
                "pkg": """
                case $1 in
                info) [ -e /var/tmp/db/"$3" ]; exit ;;
                query)
                    [ "$2" = '%n %v' ] || exit 1
                    shift 2
                    for name do [ -e /var/tmp/db/"$name" ] && echo "$name 2.12,1"; done
                    exit ;;
                esac
                shift 4
                for name do
                    case $name in
                    missing*) echo "pkg: No packages available to install matching '$name' have been found"; exit 1 ;;
                    *) : > /var/tmp/db/"$name" ;;
                    esac
                done
                printf '#!/bin/sh\\necho hello\\n' > /var/tmp/db/bin/hello-tool; chmod 755 /var/tmp/db/bin/hello-tool
                """
            ], elevation: "sudo")
    }

    let flavour: Flavour
    /// `ciso@10.…`
    let login: String
    private let link = VirtualLink()
    private let path: String
    private let server: RunningProgram

    /// Starts the machine.
    ///
    /// - Parameters:
    ///   - laboratory: the directory of its files; contains the key that it accepts.
    ///   - role: the contents of the file `/var/tmp/role` on it.
    ///   - elevates: whether the login may become root.
    ///   - megabytes: the size of its disk.
    ///   - root: a root file system that the login sees instead of this machine's own.
    init(
        _ flavour: Flavour, in laboratory: String, role: String = "", elevates: Bool = true,
        megabytes: Int = 400, root: String? = nil
    ) throws {
        self.flavour = flavour
        path = "\(laboratory)/\(link.name)"
        let address = link.addresses.there
        login = "ciso@\(address)"
        try Self.sh(
            """
            mkdir -p \(path)/bin; chmod 755 \(laboratory) \(path); cd \(path)
            ssh-keygen -q -t ed25519 -N '' -f hostkey
            (grep -v '^ciso:' /etc/passwd; echo 'ciso:*:4321:4321::\(flavour.directory)/login:\(flavour.shell)') > passwd
            (grep -v '^ciso:' /etc/group; echo 'ciso:*:4321:') > group
            cp ../key.pub authorized; chmod 644 authorized passwd group
            echo "\(address) $(cut -d' ' -f1,2 hostkey.pub)" >> ../known
            cp $(command -v uname) real-uname
            printf '%s\\n' 'int setuid(unsigned); int setgid(unsigned); int execvp(const char *, char **);' \
                'int main(int count, char **words) { words++; while (*words && **words == 45) words++;' \
                'setgid(0); setuid(0); execvp(*words, words); return 1; }' > elevate.c
            cc -w -o bin/\(flavour.elevation) elevate.c; chmod \(elevates ? "4755" : "0644") bin/\(flavour.elevation)
            \(elevates ? "" : "printf '#!/bin/sh\\necho \"\(flavour.elevation): Operation not permitted\" >&2; exit 1\\n' > bin/\(flavour.elevation); chmod 755 bin/\(flavour.elevation)")
            printf '#!/bin/sh\\ncase $1 in -r|-U) echo \(flavour.version) ;; *) exec /run/ciso-real-uname "$@" ;; esac\\n' > uname
            chmod 755 uname real-uname
            """)
        for (name, script) in flavour.programs {
            try ("#!/bin/sh\n" + script + "\n").write(toFile: "\(path)/bin/\(name)", atomically: true, encoding: .utf8)
            chmod("\(path)/bin/\(name)", 0o755)
        }
        let parent = flavour.directory.split(separator: "/").dropLast().joined(separator: "/")
        let covered = flavour.covered.map { "mount --bind \($0.value) \($0.key)" }.joined(separator: "\n")
        var jail = "jail=none"
        if let root {
            jail = Self.enter(root, parent: "/\(parent)", shell: flavour.shell, uname: "\(path)/uname")
        }
        server = try Program(
            [
                "/usr/bin/unshare", "-m", "-n", "/bin/bash", "-ec",
                """
                \(link.acceptance)
                mount -t tmpfs -o mode=755 tmpfs /run; mkdir -p /run/sshd /run/ciso; cp \(path)/real-uname /run/ciso-real-uname
                mount --bind \(path)/passwd /etc/passwd; mount --bind \(path)/group /etc/group
                mount --bind \(path)/uname "$(readlink -f /bin/uname)"
                mount -t tmpfs -o mode=755,size=\(megabytes)m tmpfs /\(parent)
                mkdir -p \(flavour.directory)/login; chown -R 4321:4321 \(flavour.directory)
                mkdir -p /var/tmp; mount -t tmpfs -o mode=1777,size=400m tmpfs /var/tmp
                mkdir -p /var/tmp/db/bin; echo '\(role)' > /var/tmp/role
                cp -p \(path)/bin/* /var/tmp/db/bin/; mount --bind /var/tmp/db/bin /usr/local/bin
                \(covered)
                [ \(flavour.shell) -ef /bin/sh ] || mount --bind "$(readlink -f \(flavour.shell))" "$(readlink -f /bin/sh)"
                \(jail)
                exec /usr/sbin/sshd -D -e -f /dev/null -o ChrootDirectory=$jail -o ListenAddress=\(address) -o HostKey=\(path)/hostkey \
                    -o AuthorizedKeysFile=\(path)/authorized -o StrictModes=no -o UsePAM=no -o PidFile=none \
                    -o PasswordAuthentication=no -o UseDNS=no
                """,
            ],
            environment: ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], isJoined: true
        ).start()
        try link.connect(to: server.identifier)
        for _ in 0..<1500 where !server.output.contains("listening") { usleep(10_000) }
        try #require(server.output.contains("listening"), "\(server.output)")
    }

    /// Makes a copy of a root file system that also shows the files prepared for the machine's own.
    private static func enter(_ root: String, parent: String, shell: String, uname: String) -> String {
        """
        jail=/run/jail; mkdir -p /run/layer $jail; mount -t tmpfs -o mode=755,size=3000m tmpfs /run/layer
        mkdir /run/layer/upper /run/layer/work
        mount -t overlay -o lowerdir=\(root),upperdir=/run/layer/upper,workdir=/run/layer/work overlay $jail
        for place in /proc /dev /var/tmp /usr/local/bin \(parent); do
            mkdir -p $jail$place; mount --rbind $place $jail$place
        done
        cp /etc/passwd /etc/group $jail/etc/; cp /run/ciso-real-uname $jail/run/; cp \(uname) $jail/usr/bin/uname
        cp \(shell) $jail/bin/login-shell; ln -sf login-shell $jail/bin/ksh; ln -sf login-shell $jail/bin/sh
        ln -sf login-shell $jail\(shell)
        """
    }

    deinit {
        for process in ProcessTable.descendants(of: server.identifier) { kill(process, SIGKILL) }
        server.kill(SIGKILL)
        server.wait()
    }

    /// Kills the server's side of every connection, as a crash of sshd would.
    func dropConnections() {
        for process in ProcessTable.descendants(of: server.identifier)
        where ProcessTable.words(of: process).first?.hasPrefix("sshd:") == true {
            kill(process, SIGKILL)
        }
    }

    /// Drops all packets, in both directions.
    func cutLink() throws { try link.cut() }

    /// Whether a build has created the file that marks its beginning.
    var hasBegun: Bool {
        get throws { try sh("[ ! -e /var/tmp/begun ] || echo yes") == "yes\n" }
    }

    /// The output of a command on the machine, as root.
    @discardableResult func sh(_ script: String) throws -> String {
        try Self.sh(script, in: server.identifier)
    }

    /// Workspaces and other files that jobs leave: none, except cached layers and prepared directories.
    func leftovers() throws -> String {
        try sh(
            """
            cd \(flavour.directory); find opam home -mindepth 1 2>/dev/null | head; ls -d build/ciso.* /var/tmp/ciso/ciso.* 2>/dev/null || true
            """)
    }

    @discardableResult private static func sh(_ script: String, in process: pid_t? = nil) throws -> String {
        let enter = process.map { ["nsenter", "-t", "\($0)", "-m", "-n"] } ?? []
        return try Program(enter + ["/bin/bash", "-ec", script], isJoined: true).output()
    }
}
