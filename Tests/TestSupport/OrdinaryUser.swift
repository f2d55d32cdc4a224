internal import Foundation
internal import Glibc

/// A user of a private copy of the machine's lists of users, with a home in a directory of the test's. Needs root.
package struct OrdinaryUser {
    private let directory: TemporaryDirectory
    private static let number = 61234

    /// Whether a test can run programs as an ordinary user on this machine.
    package static var isPossible: Bool {
        getuid() == 0 && Program.areInstalled("newuidmap", "unshare", "setpriv")
    }

    package init(in directory: TemporaryDirectory) throws {
        self.directory = directory
        let users = try String(contentsOfFile: "/etc/passwd", encoding: .utf8)
        try directory.write(
            users + "ciso-tester:x:\(Self.number):\(Self.number)::\(directory("home")):/bin/sh\n", to: "passwd")
        try directory.write("ciso-tester:200000000:65536\n", to: "subordinate")
        try directory.write("", to: "none")
        mkdir(directory("home"), 0o755)
        chown(directory("home"), uid_t(Self.number), gid_t(Self.number))
    }

    /// Runs a program as the user, in its home, in a mount namespace in which the user exists.
    package func run(_ words: [String], subordinateIDs: Bool = true) throws -> Program.Ending {
        let ids = directory(subordinateIDs ? "subordinate" : "none")
        let script = """
            mount --bind \(directory("passwd")) /etc/passwd
            for file in /etc/subuid /etc/subgid; do [ -e $file ] || touch $file; mount --bind \(ids) $file; done
            cd \(directory("home"))
            exec setpriv --reuid=\(Self.number) --regid=\(Self.number) --clear-groups "$@"
            """
        var environment = ProcessInfo.processInfo.environment
        environment["HOME"] = directory("home")
        return try Program(["unshare", "--mount", "sh", "-euc", script, "sh"] + words, environment: environment).run()
    }
}
