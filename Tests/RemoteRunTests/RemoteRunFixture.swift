import Foundation
import Glibc
import TestSupport

/// A directory with a repository of tiny packages, a matrix, a store and the program `ci`, removed with it.
final class RemoteRunFixture: Sendable {
    private let directory: TemporaryDirectory

    /// - Parameters:
    ///   - packages: opam files by package, in addition to those of the compiler.
    ///   - repository: an opam repository to use instead.
    init(
        _ packages: [String: String] = [:], only: String = "all", targets: [String], rest: String = "",
        repository: String = "repo", compiler: String = "5.3.0"
    ) throws {
        directory = try TemporaryDirectory()
        try directory.shell("ssh-keygen -q -t ed25519 -N '' -f key")
        for (name, opam) in ScriptCompiler.packages.merging(packages, uniquingKeysWith: { _, own in own }) {
            let path = "repo/packages/\(name.prefix { $0 != "." })/\(name)/opam"
            try directory.write("opam-version: \"2.0\"\n\(opam)\n", to: path)
        }
        try directory.write("opam-version: \"2.0\"\n", to: "repo/repo")
        try directory.write(
            """
            deployment: lab
            repositories: [{path: \(repository)}]
            targets: [\(targets.joined(separator: ", "))]
            compilers: [\(compiler)]
            packages: [\(only)]
            \(rest)
            """, to: "lab.yaml")
        try directory.write("Host *\n  IdentityFile \(path)/key\n  IdentitiesOnly yes\n", to: "ssh-config")
        try directory.write("", to: "known")
    }

    var path: String { directory.path }

    /// The directory in which the other tests keep root file systems and archives between runs.
    static var cache: String {
        let environment = ProcessInfo.processInfo.environment
        return environment["CISO_CACHE"] ?? "\(environment["HOME"] ?? "/tmp")/.cache/ciso"
    }

    /// A root file system of Debian 12 with its OCaml, if one was made.
    static var debian: String? {
        let directory = "\(cache)/worker/environments"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.map { "\(directory)/\($0)" }.first { root in
            access("\(root)/usr/bin/ocamlc", X_OK) == 0
                && (try? String(contentsOfFile: "\(root)/etc/debian_version", encoding: .utf8))?.hasPrefix("12") == true
        }
    }

    /// `ci` with the settings for hosts, running.
    func start(_ words: [String], hosts: String = "", timeout: Int = 20) throws -> RunningProgram {
        let environment = [
            "CISO_CACHE": "\(path)/cache", "CISO_SOURCE_CACHE": "\(Self.cache)/sources", "CISO_STORE": "store",
            "CISO_HOSTS": hosts,
            "CISO_KNOWN_HOSTS": "\(path)/known", "CISO_SSH_CONFIG": "\(path)/ssh-config",
            "CISO_SSH_TIMEOUT": "\(timeout)",
            "CISO_HOST_PATIENCE": "10", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": path,
        ]
        return try Program([BuiltProgram.path(of: "ci")] + words, in: path, environment: environment).start()
    }

    func run(_ words: String..., hosts: String = "") async throws -> Program.Ending {
        try await start(words, hosts: hosts).end()
    }
}
