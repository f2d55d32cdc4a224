import TestSupport
import Testing

/// A folder in which a user starts the program `ci`, removed with it.
struct Workplace {
    let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    /// Runs it to its end.
    ///
    /// - Parameter environment: all of it, but for the cache.
    func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Program.Ending {
        try program(arguments, environment: environment).run()
    }

    /// A program that has not been started.
    func program(_ arguments: [String], environment: [String: String] = [:]) throws -> Program {
        Program(
            [try BuiltProgram.path(of: "ci")] + arguments, in: folder.path,
            environment: ["CISO_CACHE": folder("cache")].merging(environment) { $1 })
    }

    /// Writes a repository of opam files, by `name.version`, into the folder `repo`.
    func write(packages: [String: String]) throws {
        for (package, fields) in packages {
            let name = try #require(package.split(separator: ".").first)
            try write("repo/packages/\(name)/\(package)/opam", "opam-version: \"2.0\"\n\(fields)\n")
        }
    }

    func write(_ file: String, _ text: String) throws { try folder.write(text, to: file) }
}
