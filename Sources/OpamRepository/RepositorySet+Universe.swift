package import Core
internal import Git
internal import OpamFormat
package import OpamSolver
internal import Synchronization

/// The names of a set's packages.
package struct RepositoryNames: Sendable {
    package let entries: [NameEntry]
    /// Whether every folder is a package.
    let isSound: Bool
}

/// Where universes are kept.
package struct UniverseFolder: Sendable {
    let cache: UniverseCache
    /// Commits of the same repositories whose universe is probably there.
    let nearest: [String]?

    /// - Parameter isReadOnly: Whether nothing is written there.
    package init(_ path: String, nearest: [String]? = nil, isReadOnly: Bool = false) {
        cache = UniverseCache(directory: path, isReadOnly: isReadOnly)
        self.nearest = nearest
    }
}

extension RepositorySet {
    /// The universe of all packages, from the cache where that has it, else read and stored there.
    ///
    /// A universe of an earlier state makes this quick: only names whose folders changed since are read again.
    ///
    /// - Parameters:
    ///   - cache: The folder of the cache; nil to read everything.
    ///   - threads: How many threads read; the universe is the same whatever their number.
    ///   - diagnostics: Gains what is wrong with files of the repositories, also with those read earlier.
    /// - Throws: A failure when a repository cannot be read.
    package func universe(
        cache: String?, threads: Int, _ diagnostics: inout [Diagnostic]
    ) throws(Failure) -> Universe {
        let folder = cache.map { UniverseFolder($0) }
        if let universe = cached(folder) {
            diagnostics += universe.diagnostics
            return universe
        }
        return try universe(of: names(&diagnostics), cache: folder, threads: threads, &diagnostics)
    }

    /// The names of all packages.
    ///
    /// - Parameter diagnostics: Gains a warning for each folder that is no package.
    package func names(_ diagnostics: inout [Diagnostic]) throws(Failure) -> RepositoryNames {
        var found: [Diagnostic] = []
        let entries = try reader().names(&found)
        diagnostics += found
        return RepositoryNames(entries: entries, isSound: found.isEmpty)
    }

    /// The universe of all packages, as the other form, where their names are known.
    ///
    /// - Parameter progress: called from any thread with how many names were read and how many are to be.
    package func universe(
        of names: RepositoryNames, cache folder: UniverseFolder?, threads: Int, _ diagnostics: inout [Diagnostic],
        progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) throws(Failure) -> Universe {
        if let universe = cached(folder) {
            diagnostics += universe.diagnostics
            return universe
        }
        let cache = folder?.cache
        let key = commitKey ?? key(names.entries)
        if commitKey == nil, let universe = cache?.universe(key) {
            diagnostics += universe.diagnostics
            return universe
        }
        let nearest = folder?.nearest.flatMap { cache?.universe(Self.key(ofCommits: $0)) }
        let universe = try universe(
            names.entries, updating: nearest ?? cache?.latest(), threads: threads, progress)
        // What is wrong with folders is not in the universe, so such a state is read again.
        if names.isSound { cache?.store(universe, key) }
        diagnostics += universe.diagnostics
        return universe
    }

    private func cached(_ folder: UniverseFolder?) -> Universe? {
        guard let folder, let key = commitKey else { return nil }
        return folder.cache.universe(key)
    }

    /// Stands for the commits that are read; nil when one of the repositories is a plain folder.
    private var commitKey: Digest? {
        let commits = repositories.compactMap { $0.commit?.hex }
        return commits.count == repositories.count ? Self.key(ofCommits: commits) : nil
    }

    private static func key(ofCommits commits: [String]) -> Digest { Digest(of: commits.joined(separator: " ")) }

    private func key(_ names: [NameEntry]) -> Digest {
        Digest(of: names.map { "\($0.name) \($0.origin)" }.joined(separator: "\n"))
    }

    private func universe(
        _ names: [NameEntry], updating old: Universe?, threads: Int, _ progress: @escaping @Sendable (Int, Int) -> Void
    ) throws(Failure) -> Universe {
        let origins = names.map { (name: $0.name.text, origin: $0.origin) }
        var builder = old.map { UniverseBuilder(updating: $0) } ?? UniverseBuilder()
        // Little would be kept of a universe of other repositories, and its names would stay.
        if 2 * builder.unchanged(origins) < max(names.count, old?.nameCount ?? 0) { builder = UniverseBuilder() }
        let isKept = origins.map { builder.origin(of: $0.name) == $0.origin }
        let changed = names.indices.filter { !isKept[$0] }
        let done = Mutex(0)
        let read = try concurrentMap(changed, threads: threads) { (reader, index) throws(Failure) in
            let rules = try reader.rules(of: names[index])
            let count = done.withLock { done in
                done += 1
                return done
            }
            progress(count, changed.count)
            return rules
        }
        var next = read.makeIterator()
        for (index, name) in names.enumerated() {
            if isKept[index] {
                builder.keep(name.name.text)
            } else if let rules = next.next() {
                builder.begin(name.name.text, origin: origins[index].origin)
                for problem in rules.problems { builder.addProblem(name.name.text, problem.placedMessage) }
                for (package, rules) in rules.packages { builder.add(package, rules) }
            }
        }
        return builder.finish()
    }
}

extension Universe {
    /// What is wrong with the files that it was made from.
    fileprivate var diagnostics: [Diagnostic] {
        problems.map { Diagnostic(.warning, $0.message) }
    }
}

extension Diagnostic {
    /// The message with its place before it.
    fileprivate var placedMessage: String { location.map { "\($0): \(message)" } ?? message }
}

/// What the opam files of a name say.
private struct NameRules: Sendable {
    var packages: [(Package, PackageRelations)] = []
    var problems: [Diagnostic] = []
}

extension RepositoryReader {
    fileprivate func rules(of name: NameEntry) throws(Failure) -> NameRules {
        var result = NameRules()
        for entry in try versions(of: name, &result.problems) {
            guard let file = try opamFile(of: entry, &result.problems) else { continue }
            var problems: [FormatError] = []
            result.packages.append((entry.package, PackageRelations(file, problems: &problems)))
            result.problems += problems.map { Diagnostic($0) }
        }
        return result
    }
}
