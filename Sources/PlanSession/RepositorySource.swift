package import Core
internal import Foundation
internal import Git
package import Model
internal import OpamFormat
package import OpamRepository
package import OpamSolver
package import Planner
internal import Synchronization

/// A stack of repositories on this machine, as read by the planner.
package final class RepositorySource: PackageSource {
    /// The repositories at their commits, in order of priority.
    package let repositories: [Plan.Repository]
    /// All packages of the repositories.
    package let universe: Universe
    private let set: RepositorySet
    private let names: [PackageName: NameEntry]
    /// Readers that no thread is using.
    private let idle = Mutex<[SharedReader]>([])

    /// Reads the universe of `set`, from the cache if possible.
    ///
    /// - Parameters:
    ///   - repositories: The repositories' entries in the plan, in the order of the set.
    ///   - cache: The directory of cached universes; nil to disable caching.
    ///   - warnings: Receives warnings about the repositories' directories; `defects` has those about files.
    ///   - progress: Called from any thread with the number of read names and their total number.
    /// - Throws: `Failure` if a repository cannot be read.
    package init(
        _ set: RepositorySet, repositories: [Plan.Repository], cache: UniverseDirectory?, warnings: inout [Diagnostic],
        progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) throws {
        self.set = set
        self.repositories = repositories
        let entries = try set.names(&warnings)
        universe = try set.universe(
            of: entries, cache: cache, threads: ProcessInfo.processInfo.activeProcessorCount, progress: progress)
        names = Dictionary(uniqueKeysWithValues: entries.entries.map { ($0.name, $0) })
    }

    /// A fingerprint of the repository and directory that a package comes from; nil if no repository has it.
    package func fingerprint(of name: String) -> String? {
        universe.nameID(name).flatMap { universe.fingerprint(of: $0) }
    }

    /// The problems in files of packages.
    package var defects: [PackageDefect] { self.set.problems(of: universe).map(PackageDefect.init) }

    /// The opam file of a package and its `files/`.
    package func files(of package: PackageVersion) throws -> PackageFiles {
        let reader = try takeReader()
        defer { idle.withLock { $0.append(reader) } }
        return try reader.files(of: package, among: names)
    }

    package func repository(of package: PackageVersion) throws -> Plan.Repository? {
        let reader = try takeReader()
        defer { idle.withLock { $0.append(reader) } }
        return try reader.repository(of: package, among: names).map { repositories[$0] }
    }

    private func takeReader() throws -> SharedReader {
        if let reader = idle.withLock({ $0.popLast() }) { return reader }
        return SharedReader(try set.reader())
    }
}

extension PackageDefect {
    fileprivate init(_ problem: PackageProblem) {
        self.init(
            name: problem.name, version: problem.version, isLeftOut: problem.effect == .leftOut,
            message: problem.message, warning: problem.warning)
    }
}

/// A reader that is passed between threads, and used by only one at a time: the one that has removed it from the pool.
private final class SharedReader: @unchecked Sendable {
    private let reader: RepositoryReader
    private var versions: [PackageName: [String: PackageEntry]] = [:]

    init(_ reader: RepositoryReader) {
        self.reader = reader
    }

    func files(of package: PackageVersion, among names: [PackageName: NameEntry]) throws -> PackageFiles {
        let name = PackageName(unchecked: package.name)
        guard let entry = try entries(of: name, among: names)[package.version] else {
            throw Failure(.unavailable, "\(package) is in the universe but not in its repository")
        }
        return PackageFiles(opam: try reader.opamBytes(of: entry), files: try reader.files(of: entry))
    }

    /// The number of the repository that a package comes from.
    func repository(of package: PackageVersion, among names: [PackageName: NameEntry]) throws -> Int? {
        try entries(of: PackageName(unchecked: package.name), among: names)[package.version]?.repository
    }

    private func entries(of name: PackageName, among names: [PackageName: NameEntry]) throws
        -> [String: PackageEntry]
    {
        if let known = versions[name] { return known }
        var ignored: [Diagnostic] = []
        let entries = try names[name].map { try reader.versions(of: $0, &ignored) } ?? []
        let found = Dictionary(
            entries.map { ($0.package.version.text, $0) }, uniquingKeysWith: { first, _ in first })
        versions[name] = found
        return found
    }
}
