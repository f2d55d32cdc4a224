package import Core
internal import Git
internal import Logging
internal import OpamFormat
package import OpamSolver
internal import Synchronization

/// The names of a set's packages.
package struct RepositoryNames: Sendable {
    /// The names with the repositories that have them.
    package let entries: [NameEntry]
    /// Whether every directory is a valid package.
    let isSound: Bool
}

/// A directory with cached universes.
package struct UniverseDirectory: Sendable {
    let cache: UniverseCache
    /// Commits of the same repositories whose universe is probably cached.
    let nearest: [String]?

    /// - Parameter isReadOnly: Whether the directory must not be written.
    package init(_ path: String, nearest: [String]? = nil, isReadOnly: Bool = false) {
        cache = UniverseCache(directory: path, isReadOnly: isReadOnly)
        self.nearest = nearest
    }
}

extension RepositorySet {
    /// The universe of all packages, from the cache if possible; otherwise it is read and stored in the cache.
    ///
    /// A universe of an earlier state saves time: only names whose directories have changed since are read again.
    ///
    /// - Parameters:
    ///   - cache: The directory of the cache; nil to read everything.
    ///   - threads: The number of threads; it does not affect the result.
    ///   - diagnostics: Problems with files of the repositories that affect solving are appended, including those of
    ///     files read earlier.
    /// - Throws: A failure if a repository cannot be read.
    package func universe(
        cache: String?, threads: Int, _ diagnostics: inout [Diagnostic]
    ) throws(Failure) -> Universe {
        let directory = cache.map { UniverseDirectory($0) }
        if let universe = cached(directory) {
            diagnostics += problems(of: universe).filter(\.countsForSolving).map(\.warning)
            return universe
        }
        let universe = try universe(of: names(&diagnostics), cache: directory, threads: threads)
        diagnostics += problems(of: universe).filter(\.countsForSolving).map(\.warning)
        return universe
    }

    /// The problems with files of packages, as stored in a universe of these repositories.
    package func problems(of universe: Universe) -> [PackageProblem] {
        universe.problems.compactMap { problem in
            PackageProblem(name: universe.name(problem.name), stored: problem.message).map { problem in
                var problem = problem
                problem.locatedMessage = withLocations(problem.message)
                problem.message = Self.withoutLocations(problem.message)
                return problem
            }
        }
    }

    /// The names of all packages.
    ///
    /// - Parameter diagnostics: A warning is appended for each directory that is not a package.
    package func names(_ diagnostics: inout [Diagnostic]) throws(Failure) -> RepositoryNames {
        var found: [Diagnostic] = []
        let entries = try reader().names(&found)
        diagnostics += found
        return RepositoryNames(entries: entries, isSound: found.isEmpty)
    }

    /// The universe of all packages, if their names are already known.
    ///
    /// - Parameter progress: called from any thread with the number of names read and the total.
    package func universe(
        of names: RepositoryNames, cache directory: UniverseDirectory?, threads: Int,
        progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) throws(Failure) -> Universe {
        if let universe = cached(directory) { return universe }
        let cache = directory?.cache
        let key = commitKey ?? key(names.entries)
        if commitKey == nil, let universe = cache?.universe(key) { return universe }
        let nearest = directory?.nearest.flatMap { cache?.universe(Self.key(ofCommits: $0)) }
        let universe = try universe(
            names.entries, updating: nearest ?? cache?.latest(), threads: threads, progress)
        // Problems with directories are not stored in the universe, so repositories with such problems are always read
        // again.
        if names.isSound { cache?.store(universe, key) }
        return universe
    }

    private func cached(_ directory: UniverseDirectory?) -> Universe? {
        guard let directory, let key = commitKey else { return nil }
        let universe = directory.cache.universe(key)
        logger.debug("universe cache \(universe == nil ? "miss" : "hit")", metadata: ["key": "\(key)"])
        return universe
    }

    /// Identifies the commits; nil if one of the repositories is a plain directory.
    private var commitKey: Digest? {
        let commits = repositories.compactMap { $0.commit?.hex }
        return commits.count == repositories.count ? Self.key(ofCommits: commits) : nil
    }

    private static func key(ofCommits commits: [String]) -> Digest { Digest(of: commits.joined(separator: " ")) }

    private func key(_ names: [NameEntry]) -> Digest {
        Digest(of: names.map { "\($0.name) \($0.fingerprint)" }.joined(separator: "\n"))
    }

    private func universe(
        _ names: [NameEntry], updating old: Universe?, threads: Int, _ progress: @escaping @Sendable (Int, Int) -> Void
    ) throws(Failure) -> Universe {
        let fingerprints = names.map { (name: $0.name.text, fingerprint: $0.fingerprint) }
        var builder = old.map { UniverseBuilder(updating: $0) } ?? UniverseBuilder()
        // If less than half is unchanged, an update saves little, and the universe would keep the names of other
        // repositories.
        if 2 * builder.unchanged(fingerprints) < max(names.count, old?.nameCount ?? 0) { builder = UniverseBuilder() }
        let isKept = fingerprints.map { builder.fingerprint(of: $0.name) == $0.fingerprint }
        let changed = names.indices.filter { !isKept[$0] }
        logger.debug(
            "reading packages", metadata: ["names": "\(changed.count)", "unchanged": "\(names.count - changed.count)"])
        let done = Mutex(0)
        // Cached messages must not depend on the locations of the repositories.
        var numbered = self
        numbered.numbersLocations = true
        let read = try numbered.locatingFailures { () throws(Failure) in
            try numbered.concurrentMap(changed, threads: threads) { (reader, index) throws(Failure) in
                let rules = try reader.rules(of: names[index])
                let count = done.withLock { done in
                    done += 1
                    return done
                }
                progress(count, changed.count)
                return rules
            }
        }
        var next = read.makeIterator()
        for (index, name) in names.enumerated() {
            if isKept[index] {
                builder.keep(name.name.text)
            } else if let rules = next.next() {
                builder.begin(name.name.text, fingerprint: fingerprints[index].fingerprint + rules.furtherFingerprint)
                for problem in rules.problems { builder.addProblem(name.name.text, problem.stored) }
                for (package, rules) in rules.packages { builder.add(package, rules) }
            }
        }
        return builder.finish()
    }
}

extension RepositorySet {
    /// Runs `body`, and replaces numbers of repositories in its failure by their locations.
    fileprivate func locatingFailures<Result>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        do throws(Failure) {
            return try body()
        } catch {
            throw Failure(
                error.category,
                error.diagnostics.map {
                    Diagnostic($0.severity, withLocations($0.message), at: $0.location, hint: $0.hint)
                })
        }
    }
}

extension Diagnostic {
    /// The message prefixed with its location.
    fileprivate var locatedMessage: String { location.map { "\($0): \(message)" } ?? message }
}

extension PackageProblem {
    /// Whether the problem affects a field that the solver uses.
    package var countsForSolving: Bool { effect != .building }
}

/// The contents of the opam files of a name.
private struct NameRules: Sendable {
    var packages: [(Package, PackageRelations)] = []
    var problems: [PackageProblem] = []
    /// Identifies what was read outside of the name's directories; empty if nothing was.
    var furtherFingerprint = ""
}

extension RepositoryReader {
    fileprivate func rules(of name: NameEntry) throws(Failure) -> NameRules {
        beginDirectory()
        var result = NameRules()
        var found: [Diagnostic] = []
        for entry in try versions(of: name, &found) {
            do throws(Failure) {
                let file = try opamFile(of: entry, listing(of: entry))
                result.packages.append((entry.package, relations(of: file, entry, appendingTo: &result.problems)))
            } catch  where error.category == .input {
                result.problems += error.diagnostics.map { problem($0, entry.package, .leftOut) }
                result.packages.append((entry.package, .unusable))
            }
        }
        result.problems += found.map {
            PackageProblem(name: name.name.text, version: nil, effect: .leftOut, message: $0.locatedMessage)
        }
        if hasLeftDirectory { result.furtherFingerprint = " \(try contentOfAll())" }
        return result
    }

    /// The relations of the file; problems in its fields are appended to `problems`.
    private func relations(
        of file: OpamFile, _ entry: PackageEntry, appendingTo problems: inout [PackageProblem]
    ) -> PackageRelations {
        var errors: [FormatError] = []
        let rules = PackageRelations(file, problems: &errors)
        problems += errors.map { problem(Diagnostic($0), entry.package, .solving) }
        let others =
            file.problems(except: PackageRelations.checkedFields)
            + file.mismatches(name: entry.package.name, version: entry.package.version)
        problems += others.map { problem(Diagnostic($0), entry.package, .building) }
        return rules
    }

    private func problem(
        _ diagnostic: Diagnostic, _ package: Package, _ effect: PackageProblem.Effect
    ) -> PackageProblem {
        PackageProblem(
            name: package.name.text, version: package.version.text, effect: effect, message: diagnostic.locatedMessage)
    }
}
