internal import Core
internal import OpamFormat
package import OpamRepository

/// The depexts of a repository and the packages that use them, before filters are evaluated for a target.
package struct DepextUsage: Sendable {
    /// A depext, and the indices of the package versions that use it.
    package struct Name {
        /// The name in `depexts:`.
        package var name: String
        /// The indices of the package versions that use it.
        package var users: Set<Int>
    }

    private let fields: [[Filtered<[String]>]]

    /// Reads all opam files with depexts.
    ///
    /// - Throws: `Failure` if the repository cannot be read; unreadable files are skipped.
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

    /// The sorted depexts whose filters are true for these values of opam's variables.
    package func names(where values: [String: String]) -> [Name] {
        let environment: Environment = { variable in
            variable.scope == .global ? values[variable.name].map { .string($0) } : nil
        }
        var users: [String: Set<Int>] = [:]
        for (number, depexts) in fields.enumerated() {
            for depext in depexts where depext.applies(in: environment) {
                for name in depext.element { users[name, default: []].insert(number) }
            }
        }
        return users.map { Name(name: $0.key, users: $0.value) }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }
}
