package import Core
package import OpamFormat

/// Repositories by priority: each package version is taken as a whole from the first repository that has it.
///
/// - SeeAlso: `docs/decisions/0015-repository-overlay.md`
package struct RepositorySet: Sendable {
    /// The repositories, in order of precedence.
    package let repositories: [Repository]
    /// Whether paths in messages are prefixed with the number of the repository instead of its location.
    var numbersLocations = false

    package init(_ repositories: [Repository]) {
        self.repositories = repositories
    }

    /// Opens repositories, the one with the highest priority first.
    ///
    /// - Parameter locations: `DIR` or `DIR@REV` for each repository.
    /// - Throws: A failure of kind `input` if there is no such repository or revision.
    package init(_ locations: [String]) throws(Failure) {
        var repositories: [Repository] = []
        for location in locations { repositories.append(try Repository(location)) }
        self.repositories = repositories
    }

    /// Opens the repositories for use by the calling thread.
    package func reader() throws(Failure) -> RepositoryReader {
        try RepositoryReader(self)
    }

    /// The prefix of paths in messages that contain the number of the repository instead of its location.
    static func numberPrefix(_ repository: Int) -> String { "\u{1}\(repository)\u{1}" }

    /// A message in which locations are relative to the roots of repositories, independent of their paths.
    static func withoutLocations(_ message: String) -> String {
        let parts = message.split(separator: "\u{1}", omittingEmptySubsequences: false)
        return parts.enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element).joined()
    }

    /// A message with the numbers of repositories replaced by their locations.
    func withLocations(_ message: String) -> String {
        guard message.contains("\u{1}") else { return message }
        var located = message
        for (number, repository) in repositories.enumerated() {
            located = located.split(separator: Self.numberPrefix(number), omittingEmptySubsequences: false)
                .joined(separator: repository.locationPrefix)
        }
        return located
    }
}

/// A package name with all directories that may contain versions of it.
package struct NameEntry: Hashable, Sendable {
    /// The package's name.
    package let name: PackageName
    /// The directories, by priority of their repositories.
    var directories: [Directory]

    struct Directory: Hashable, Sendable {
        let repository: Int
        let entry: FileEntry
        /// The path relative to the repository's root, without links.
        let resolvedPath: String
        let content: ContentID
        /// Whether it is `packages/NAME.VERSION`, a single version.
        let isVersion: Bool
    }

    /// A text that changes whenever any file of any version of the package changes.
    package var fingerprint: String {
        directories.map { "\($0.repository):\($0.isVersion ? $0.entry.name : "")\($0.content)" }.joined(separator: " ")
    }
}

/// A package version in a repository.
package struct PackageEntry: Hashable, Sendable {
    /// The package and its version.
    package let package: Package
    /// The index of the repository in its set.
    package let repository: Int
    /// The path relative to the repository's root: `packages/lwt/lwt.5.7.0`.
    package let path: String
    let directory: FileEntry
    /// The path of the directory, without links.
    let resolvedPath: String
    /// The path of the name's directory, without links.
    let nameDirectory: String
}
