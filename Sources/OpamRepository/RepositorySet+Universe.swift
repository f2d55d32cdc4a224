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
    ///   - diagnostics: Gains what is wrong with files of the repositories and counts for solving, also with those read
    ///     earlier.
    /// - Throws: A failure when a repository cannot be read.
    package func universe(
        cache: String?, threads: Int, _ diagnostics: inout [Diagnostic]
    ) throws(Failure) -> Universe {
        let folder = cache.map { UniverseFolder($0) }
        if let universe = cached(folder) {
            diagnostics += problems(of: universe).filter(\.countsForSolving).map(\.warning)
            return universe
        }
        let universe = try universe(of: names(&diagnostics), cache: folder, threads: threads)
        diagnostics += problems(of: universe).filter(\.countsForSolving).map(\.warning)
        return universe
    }

    /// What is wrong with the files of packages that a universe of these repositories was made from.
    package func problems(of universe: Universe) -> [PackageProblem] {
        universe.problems.compactMap { problem in
            PackageProblem(name: universe.name(problem.name), stored: problem.message).map { problem in
                var problem = problem
                problem.place = placed(problem.message)
                problem.message = Self.unplaced(problem.message)
                return problem
            }
        }
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
        of names: RepositoryNames, cache folder: UniverseFolder?, threads: Int,
        progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) throws(Failure) -> Universe {
        if let universe = cached(folder) { return universe }
        let cache = folder?.cache
        let key = commitKey ?? key(names.entries)
        if commitKey == nil, let universe = cache?.universe(key) { return universe }
        let nearest = folder?.nearest.flatMap { cache?.universe(Self.key(ofCommits: $0)) }
        let universe = try universe(
            names.entries, updating: nearest ?? cache?.latest(), threads: threads, progress)
        // What is wrong with folders is not in the universe, so such a state is read again.
        if names.isSound { cache?.store(universe, key) }
        return universe
    }

    private func cached(_ folder: UniverseFolder?) -> Universe? {
        guard let folder, let key = commitKey else { return nil }
        let universe = folder.cache.universe(key)
        logger.debug("universe cache \(universe == nil ? "miss" : "hit")", metadata: ["key": "\(key)"])
        return universe
    }

    /// Stands for the commits that are read; nil when one of the repositories is a plain folder.
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
        // Little would be kept of a universe of other repositories, and its names would stay.
        if 2 * builder.unchanged(fingerprints) < max(names.count, old?.nameCount ?? 0) { builder = UniverseBuilder() }
        let isKept = fingerprints.map { builder.fingerprint(of: $0.name) == $0.fingerprint }
        let changed = names.indices.filter { !isKept[$0] }
        logger.debug(
            "reading packages", metadata: ["names": "\(changed.count)", "unchanged": "\(names.count - changed.count)"])
        let done = Mutex(0)
        // What is kept says the same to everybody, wherever the repositories are.
        var numbered = self
        numbered.numbersPlaces = true
        let read = try numbered.placingFailures { () throws(Failure) in
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
    /// Runs `body`; a failure that it throws gets the repositories' places for their numbers.
    fileprivate func placingFailures<Result>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        do throws(Failure) {
            return try body()
        } catch {
            throw Failure(
                error.category,
                error.diagnostics.map { Diagnostic($0.severity, placed($0.message), at: $0.location, hint: $0.hint) })
        }
    }
}

extension Diagnostic {
    /// The message with its place before it.
    fileprivate var placedMessage: String { location.map { "\($0): \(message)" } ?? message }
}

extension PackageProblem {
    /// Whether it decides what can be installed with what.
    package var countsForSolving: Bool { effect != .building }
}

/// What the opam files of a name say.
private struct NameRules: Sendable {
    var packages: [(Package, PackageRelations)] = []
    var problems: [PackageProblem] = []
    /// Stands for what was read outside of the folders of the name; empty if nothing was.
    var furtherFingerprint = ""
}

extension RepositoryReader {
    fileprivate func rules(of name: NameEntry) throws(Failure) -> NameRules {
        beginFolder()
        var result = NameRules()
        var found: [Diagnostic] = []
        for entry in try versions(of: name, &found) {
            do throws(Failure) {
                let file = try opamFile(of: entry, listing(of: entry))
                result.packages.append((entry.package, add(problemsOf: file, entry, to: &result.problems)))
            } catch  where error.category == .input {
                result.problems += error.diagnostics.map { problem($0, entry.package, .leftOut) }
                result.packages.append((entry.package, .unusable))
            }
        }
        result.problems += found.map {
            PackageProblem(name: name.name.text, version: nil, effect: .leftOut, message: $0.placedMessage)
        }
        if hasLeftFolder { result.furtherFingerprint = " \(try contentOfAll())" }
        return result
    }

    /// What the file says for solving.
    private func add(
        problemsOf file: OpamFile, _ entry: PackageEntry, to problems: inout [PackageProblem]
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
            name: package.name.text, version: package.version.text, effect: effect, message: diagnostic.placedMessage)
    }
}
