import Foundation

/// The opam client of this machine with a root, a repository and an empty switch of its own in a directory.
package struct RealOpam {
    private let directory: TemporaryDirectory
    private let environment: [String: String]

    package static var isInstalled: Bool { Program.areInstalled("opam", "curl") }

    package init(in directory: TemporaryDirectory) throws {
        self.directory = directory
        environment = ProcessInfo.processInfo.environment.merging(
            [
                "OPAMROOT": directory("root"), "OPAMROOTISOK": "1", "OPAMYES": "1", "OPAMCOLOR": "never",
                "OPAMUTF8": "never", "OPAMNODEPEXTS": "1", "OPAMERRLOGLEN": "0",
            ]) { $1 }
        try directory.write("opam-version: \"2.0\"\n", to: "repository/repo")
    }

    /// Adds version 1 of a package to the repository.
    ///
    /// - Parameter script: a shell script run in the package's `files/`, which is made.
    package func add(_ package: String, _ opam: String, files script: String? = nil) throws {
        let path = "repository/packages/\(package)/\(package).1"
        try directory.write("opam-version: \"2.0\"\n\(opam)\n", to: "\(path)/opam")
        guard let script else { return }
        try directory.shell("mkdir \(path)/files; cd \(path)/files; \(script)")
    }

    /// Creates the root and the switch, once all packages exist.
    package func initialize() throws {
        try run([
            "init", "--bare", "--disable-sandboxing", "--no-setup", "-k", "local", "default", directory("repository"),
        ])
        try run(["switch", "create", "s", "--empty"])
    }

    /// The prefix of the switch.
    package var prefix: String { directory("root/s") }

    /// Runs the client, which must succeed.
    @discardableResult package func run(_ words: [String]) throws -> String {
        try program(words).output()
    }

    /// Runs the client, whatever its exit code.
    package func ending(_ words: [String]) throws -> Program.Ending { try program(words).run() }

    private func program(_ words: [String]) -> Program {
        Program(["opam"] + words, in: directory.path, environment: environment, isJoined: true)
    }
}
