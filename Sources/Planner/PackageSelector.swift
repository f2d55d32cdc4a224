internal import Core
internal import Matrix
internal import Model
internal import OpamFormat
internal import OpamSolver
internal import YAML

/// The reason why a package version has a cell.
struct SelectionOrigin: Sendable {
    /// The line of the matrix.
    var location: SourceLocation
    /// Whether the version was requested exactly.
    var isExplicit: Bool
    /// The reason given with an inclusion.
    var reason: String?
}

/// Resolves the selections of a matrix into package versions of a column.
struct PackageSelector {
    let matrix: MatrixFile
    let column: Column
    /// The names whose versions are selected; nil for all.
    let scope: Set<Universe.NameID>?
    /// Reads the index, when a selection needs it.
    let index: () throws -> PackageIndex
    private(set) var diagnostics: [Diagnostic] = []
    private(set) var selected: [Universe.PackageID: SelectionOrigin] = [:]
    /// Names that selections do not match: cells of unikernels result only from the matrix's list of unikernels.
    private let unikernelNames: Set<Universe.NameID>

    private var universe: Universe { column.universe.universe }

    init(
        matrix: MatrixFile, column: Column, scope: Set<Universe.NameID>? = nil,
        index: @escaping () throws -> PackageIndex
    ) {
        self.matrix = matrix
        self.column = column
        self.scope = scope
        self.index = index
        unikernelNames = Set(
            column.source.unikernels.values.flatMap(\.unikernel.packageNames)
                .compactMap(column.universe.universe.nameID))
    }

    /// Selects the versions of `packages` and `include`.
    ///
    /// - Throws: `Failure` if the repository cannot be read. Errors in the matrix are added to `diagnostics`.
    mutating func select() throws {
        if column.compiler.targets.matches(column.target.name.value) {
            try add(matrix.packages, versions: nil)
        }
        for inclusion in matrix.include
        where inclusion.target.value.matches(column.target.name.value)
            && inclusion.compiler.matches(column.compiler.name.value)
        {
            add(
                inclusion.package, .latest,
                SelectionOrigin(location: inclusion.target.location, isExplicit: true, reason: inclusion.reason),
                isOptional: false)
        }
        addUnikernels()
    }

    private mutating func addUnikernels() {
        for (package, planned) in column.source.unikernels {
            guard let name = universe.nameID(package.name), isInScope(name),
                let id = universe.package(name, version: package.version)
            else { continue }
            selected[id] = SelectionOrigin(location: planned.unikernel.entry.name.location, isExplicit: true)
        }
    }

    private mutating func add(_ selections: [PackageSelection], versions: PackageSelection.Versions?) throws {
        for selection in selections
        where selection.targets.matches(column.target.name.value)
            && selection.compilers.matches(column.compiler.name.value)
        {
            try add(selection, versions ?? selection.versions)
        }
    }

    private mutating func add(_ selection: PackageSelection, _ versions: PackageSelection.Versions) throws {
        let location = selection.source.location
        let origin = SelectionOrigin(location: location, isExplicit: false)
        switch selection.source.value {
        case .all:
            add(names: scope.map(Array.init) ?? universe.allNames, versions, origin)
        case .patterns(let patterns):
            for pattern in patterns { add(pattern, versions, origin, isOptional: selection.isOptional) }
        case .set(let name):
            try add(matrix.sets[name] ?? [], versions: versions == .latest ? nil : versions)
        case .tag(let glob):
            let entries = try index().entries
            let names = entries.filter { $0.value.tags.contains(where: glob.matches) }.keys.sorted()
            add(names: names, versions, origin, or: "no tag of a package matches '\(glob)'", selection.isOptional)
        case .maintainer(let glob):
            let entries = try index().entries
            let names = entries.filter { $0.value.maintainers.contains(where: glob.matches) }.keys.sorted()
            let failure = "no maintainer of a package matches '\(glob)'"
            add(names: names, versions, origin, or: failure, selection.isOptional)
        case .reverseDependencies(let patterns, let depth):
            let roots = patterns.flatMap {
                self.names(matching: $0.name, at: location, isOptional: selection.isOptional)
            }
            let names = try index().dependents(of: Set(roots), depth: depth).sorted()
            add(
                names: names, versions, origin,
                or: "no package depends on \(patterns.map(\.description).joined(separator: ", "))",
                selection.isOptional || roots.isEmpty)
        case .except(let pattern):
            for package in selected.keys where matches(pattern, package) { selected[package] = nil }
        }
    }

    private func isInScope(_ name: Universe.NameID) -> Bool { scope?.contains(name) ?? true }

    private func matches(_ pattern: PackagePattern, _ package: Universe.PackageID) -> Bool {
        pattern.name.matches(universe.name(universe.nameID(of: package)))
            && pattern.allows(version: universe.version(of: package))
    }

    /// Adds the versions of whole names; names without an available version are skipped.
    private mutating func add(
        names: [Universe.NameID], _ versions: PackageSelection.Versions, _ origin: SelectionOrigin,
        or message: String? = nil, _ isOptional: Bool = true
    ) {
        if names.isEmpty, !isOptional, let message { report(message, at: origin.location) }
        for name in names where isInScope(name) {
            let available = universe.versions(of: name).filter { column.universe.isAvailable($0) }
            insert(choose(held(available, name), versions), origin)
        }
    }

    private mutating func add(
        _ pattern: PackagePattern, _ versions: PackageSelection.Versions, _ origin: SelectionOrigin, isOptional: Bool
    ) {
        let names = self.names(matching: pattern.name, at: origin.location, isOptional: isOptional)
        var isMet = names.isEmpty
        for name in names where !isMet || isInScope(name) {
            let meeting = universe.versions(of: name).filter { pattern.allows(version: universe.version(of: $0)) }
            isMet = isMet || !meeting.isEmpty
            guard isInScope(name) else { continue }
            let available = meeting.filter { column.universe.isAvailable($0) }
            var origin = origin
            if pattern.exactVersion != nil { origin.isExplicit = true }
            // If a user names a package, the result shows that it is not available on this target.
            let candidates = available.isEmpty && pattern.name.isLiteral ? meeting.suffix(1) : available
            insert(choose(held(Array(candidates), name), versions), origin)
        }
        if !isMet, !isOptional { reportNoVersion(pattern, names, at: origin.location) }
    }

    /// The versions that the compiler and the pins allow; all versions if they allow none, so that the conflict is
    /// reported.
    private func held(_ packages: [Universe.PackageID], _ name: Universe.NameID) -> [Universe.PackageID] {
        let text = universe.name(name)
        let allowed = packages.filter { column.holds(text, at: universe.version(of: $0)) }
        return allowed.isEmpty ? packages : allowed
    }

    private mutating func insert(_ packages: [Universe.PackageID], _ origin: SelectionOrigin) {
        for package in packages where !unikernelNames.contains(universe.nameID(of: package)) {
            guard var known = selected[package] else {
                selected[package] = origin
                continue
            }
            known.isExplicit = known.isExplicit || origin.isExplicit
            selected[package] = known
        }
    }

    private func choose(_ packages: [Universe.PackageID], _ versions: PackageSelection.Versions)
        -> [Universe.PackageID]
    {
        switch versions {
        case .latest: Array(packages.suffix(1))
        case .oldest: Array(packages.prefix(1))
        case .all: packages
        }
    }

    private mutating func names(matching glob: Glob, at location: SourceLocation, isOptional: Bool)
        -> [Universe.NameID]
    {
        if glob.isLiteral {
            if let name = universe.nameID(glob.pattern), !universe.versions(of: name).isEmpty { return [name] }
            if !isOptional { reportUnknown(glob.pattern, at: location) }
            return []
        }
        let names = universe.allNames.filter {
            !universe.versions(of: $0).isEmpty && glob.matches(universe.name($0))
        }
        if names.isEmpty, !isOptional {
            report("no package name matches '\(glob)'", at: location, hint: Self.optionalHint)
        }
        return names
    }

    private static let optionalHint = "add 'optional: true' if that is intended"

    private mutating func reportUnknown(_ name: String, at location: SourceLocation) {
        let known = universe.allNames.filter { !universe.versions(of: $0).isEmpty }.map { universe.name($0) }
        let repositories = column.source.repositories.map(\.location).joined(separator: ", ")
        report(
            "there is no package '\(name)' in \(repositories)", at: location,
            hint: nearest(to: name, in: known).map { "did you mean '\($0)'?" })
    }

    private mutating func reportNoVersion(
        _ pattern: PackagePattern, _ names: [Universe.NameID], at location: SourceLocation
    ) {
        let versions = names.count == 1 ? universe.versions(of: names[0]).suffix(5).map(universe.version(of:)) : []
        report(
            "no version of '\(pattern.name)' satisfies '\(pattern)'", at: location,
            hint: versions.isEmpty ? nil : "the newest are \(versions.reversed().joined(separator: ", "))")
    }

    private mutating func report(_ message: String, at location: SourceLocation, hint: String? = nil) {
        diagnostics.append(matrix.sources.diagnostic(.error, message, at: location, hint: hint))
    }
}
