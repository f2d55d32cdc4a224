package import Core
package import OpamFormat

/// Repositories by priority: each package version is taken as a whole from the first that has it.
///
/// - SeeAlso: `docs/decisions/0015-repository-overlay.md`
package struct RepositorySet: Sendable {
    /// The repositories, in order of precedence.
    package let repositories: [Repository]
    /// Whether places in messages begin with the number of the repository rather than with where it is.
    var numbersPlaces = false

    package init(_ repositories: [Repository]) {
        self.repositories = repositories
    }

    /// Finds repositories, the one with the highest priority first.
    ///
    /// - Parameter locations: Each `DIR` or `DIR@REV`.
    /// - Throws: A failure of kind `input` when there is no such repository or revision.
    package init(_ locations: [String]) throws(Failure) {
        var repositories: [Repository] = []
        for location in locations { repositories.append(try Repository(location)) }
        self.repositories = repositories
    }

    /// Opens the repositories for the calling thread.
    package func reader() throws(Failure) -> RepositoryReader {
        try RepositoryReader(self)
    }

    /// What places in messages about a repository begin with where these are numbered.
    static func placeNumber(_ repository: Int) -> String { "\u{1}\(repository)\u{1}" }

    /// A message in which places are below the roots of repositories, the same wherever these are.
    static func unplaced(_ message: String) -> String {
        let parts = message.split(separator: "\u{1}", omittingEmptySubsequences: false)
        return parts.enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element).joined()
    }

    /// A message with the repositories' places for their numbers.
    func placed(_ message: String) -> String {
        guard message.contains("\u{1}") else { return message }
        var placed = message
        for (number, repository) in repositories.enumerated() {
            placed = placed.split(separator: Self.placeNumber(number), omittingEmptySubsequences: false)
                .joined(separator: repository.placePrefix)
        }
        return placed
    }
}

/// A name of a package, with all folders that may hold versions of it.
package struct NameEntry: Hashable, Sendable {
    /// The package's name.
    package let name: PackageName
    /// By priority of their repositories.
    var folders: [Folder]

    struct Folder: Hashable, Sendable {
        let repository: Int
        let entry: FileEntry
        /// Below the root of the repository, without links.
        let place: String
        let content: ContentID
        /// Whether it is `packages/NAME.VERSION`, a version itself.
        let isVersion: Bool
    }

    /// A text that changes whenever any file of any of the package's versions does.
    package var fingerprint: String {
        folders.map { "\($0.repository):\($0.isVersion ? $0.entry.name : "")\($0.content)" }.joined(separator: " ")
    }
}

/// A package version in a repository.
package struct PackageEntry: Hashable, Sendable {
    /// The package and its version.
    package let package: Package
    /// The place of the repository in its set.
    package let repository: Int
    /// Below the root of the repository: `packages/lwt/lwt.5.7.0`.
    package let path: String
    let folder: FileEntry
    /// The path of the folder without links.
    let place: String
    /// The folder of the name, without links.
    let nameFolder: String
}
