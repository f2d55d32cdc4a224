internal import Core
internal import OpamFormat
package import OpamRepository

/// Which packages of a repository name which depexts, before any target's filter is decided.
package struct DepextUsage: Sendable {
    /// A depext, and the numbers of the package versions that name it.
    package struct Name {
        /// The name in `depexts:`.
        package var name: String
        /// The package versions that name it, by their position.
        package var users: Set<Int>
    }

    private let fields: [[Filtered<[String]>]]

    /// Reads every opam file that has depexts.
    ///
    /// - Throws: `Failure` if the repository cannot be read; single files that cannot be are left out.
    package init(_ repositories: RepositorySet) throws {
        var diagnostics: [Diagnostic] = []
        let names = try repositories.reader().names(&diagnostics)
        fields = try repositories.concurrentMap(names, threads: 2) { reader, name throws(Failure) in
            var ignored: [Diagnostic] = []
            var fields: [[Filtered<[String]>]] = []
            for package in try reader.versions(of: name, &ignored) {
                guard let file = try reader.opamFile(of: package, &ignored), !file.depexts.isEmpty else { continue }
                fields.append(file.depexts)
            }
            return fields
        }.flatMap { $0 }
    }

    /// The depexts whose filter is true if opam's variables have these values, sorted.
    package func names(where values: [String: String]) -> [Name] {
        let environment: Environment = { variable in
            variable.scope == .global ? values[variable.name].map { .string($0) } : nil
        }
        var users: [String: Set<Int>] = [:]
        for (number, depexts) in fields.enumerated() {
            for depext in depexts where depext.counts(in: environment) {
                for name in depext.element { users[name, default: []].insert(number) }
            }
        }
        return users.map { Name(name: $0.key, users: $0.value) }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }
}
