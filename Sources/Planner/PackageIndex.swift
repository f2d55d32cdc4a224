internal import Core
internal import Model
internal import OpamFormat
internal import OpamSolver

/// The metadata of the newest version of each package, for selections by tag, maintainer and dependency.
struct PackageIndex: Sendable {
    struct Entry: Sendable {
        var tags: [String]
        var maintainers: [String]
        /// The names in `depends` that apply without tests and documentation.
        var dependencies: Set<Universe.NameID>
    }

    private(set) var entries: [Universe.NameID: Entry] = [:]

    /// Reads the newest file of each name; a name whose file cannot be read has no entry.
    ///
    /// - Throws: `Failure` if the repository cannot be read.
    init(_ source: any PackageSource) throws {
        let universe = source.universe
        for name in universe.allNames {
            guard let newest = universe.versions(of: name).last else { continue }
            let package = PackageVersion(name: universe.name(name), version: universe.version(of: newest))
            let bytes = try source.files(of: package).opam
            guard let file = try? OpamFile(parsing: bytes, file: "\(package)/opam") else { continue }
            let depends = file.depends.filtered(in: { _ in nil }, scope: DependencyScope())
            entries[name] = Entry(
                tags: file.tags, maintainers: file.maintainers,
                dependencies: Set(depends.atoms.compactMap { universe.nameID($0.name.text) }))
        }
    }

    /// The names that depend on one of `roots` in at most `depth` steps, or in any number if it is nil. The roots are
    /// included only if they depend on each other.
    func dependents(of roots: Set<Universe.NameID>, depth: Int?) -> Set<Universe.NameID> {
        var dependents: [Universe.NameID: [Universe.NameID]] = [:]
        for (name, entry) in entries {
            for dependency in entry.dependencies { dependents[dependency, default: []].append(name) }
        }
        var found: Set<Universe.NameID> = []
        var front = roots
        var step = 0
        while !front.isEmpty, depth.map({ step < $0 }) ?? true {
            let reached = Set(front.flatMap { dependents[$0] ?? [] })
            front = reached.subtracting(found)
            found.formUnion(reached)
            step += 1
        }
        return found
    }
}
