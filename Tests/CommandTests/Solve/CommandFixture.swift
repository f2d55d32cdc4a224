import TestSupport
import Testing

/// A directory in which a user starts the program `ci`, removed with it.
struct CommandFixture {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// Runs it to its end.
    ///
    /// - Parameter environment: all of it, but for the cache.
    func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Program.Ending {
        try program(arguments, environment: environment).run()
    }

    /// A program that has not been started.
    func program(_ arguments: [String], environment: [String: String] = [:]) throws -> Program {
        Program(
            [try BuiltProgram.path(of: "ci")] + arguments, in: directory.path,
            environment: ["CISO_CACHE": directory("cache")].merging(environment) { $1 })
    }

    /// Writes a repository of opam files, by `name.version`, into the directory `repo`.
    func write(packages: [String: String]) throws {
        for (package, fields) in packages {
            let name = try #require(package.split(separator: ".").first)
            try write("repo/packages/\(name)/\(package)/opam", "opam-version: \"2.0\"\n\(fields)\n")
        }
    }

    func write(_ file: String, _ text: String) throws { try directory.write(text, to: file) }
}
