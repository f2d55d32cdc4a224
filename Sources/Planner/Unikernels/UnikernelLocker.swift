internal import Core
internal import Matrix
internal import Model
package import OpamFormat
internal import OpamSolver

/// Selects the sources of a column's unikernels, by the rules of `opam monorepo lock --require-cross-compile`.
///
/// - SeeAlso: `docs/decisions/0287-git-sources-in-locks.md`
/// - SeeAlso: `docs/decisions/0315-switch-packages-in-locks.md`
struct UnikernelLocker {
    /// The packages that the tools of the switch supply, which are never among the sources.
    private static let base: Set<String> = [
        "jbuilder", "dune", "ocamlbuild", "ocamlmod", "oasis", "ocamlify", "ocaml", "ocaml-compiler",
    ]
    /// The maximum number of searches for a lock: each excludes the unusable versions that the previous one selected.
    private static let roundLimit = 64

    private let column: Column
    private let source: any PackageSource
    /// Packages that the matrix or the generated opam file pins to sources.
    private let pinned: Set<String>
    /// The packages that can be built in the switch: those of `source` without extra repositories.
    private let switchPackages: Universe
    private var solver: Solver
    private var files: [Universe.PackageID: OpamFile] = [:]
    private var excludedOfName: [Universe.NameID: [Universe.PackageID]] = [:]
    private var markedNames: [Universe.NameID: Bool] = [:]
    private var universe: Universe { column.universe.universe }

    /// - Parameters:
    ///   - column: The column over `source`, in which the variable `monorepo` is defined.
    ///   - pinned: Packages that the matrix or the generated opam file pins to sources.
    ///   - switchPackages: The packages that can be built in the switch.
    init(_ column: Column, pinned: Set<String>, over switchPackages: Universe) {
        self.column = column
        self.pinned = pinned
        self.switchPackages = switchPackages
        source = column.source
        solver = Solver(column.universe)
    }

    /// - Parameter generated: The opam file of `mirage configure`.
    /// - Throws: `LockObstacle` if there is no lock; `Failure` if a repository cannot be read.
    mutating func lock(_ package: PackageVersion, generated: OpamFile) throws -> UnikernelLock {
        guard let name = universe.nameID(package.name), let root = universe.package(name, version: package.version)
        else { throw Failure(.bug, "\(package) is not among the packages of its lock") }
        let provided = generated.providedPackages
        let selection = try select(root, provided: provided)
        var members: [(package: PackageVersion, file: OpamFile)] = []
        var unbuilt: [OpamFile] = []
        var tools: [PackageVersion] = []
        for id in selection where id != root {
            let version = universe.packageVersion(id)
            let file = try file(of: id)
            if !isSupplied(version.name, file, provided) {
                members.append((version, file))
            } else if isInSwitch(version) {
                tools.append(version)
            } else {
                if let obstacle = try obstacle(ofTool: version, file, provided) { throw obstacle }
                unbuilt.append(file)
            }
        }
        let environment = column.variables.environment(version: "")
        let system = Set((members.map(\.file) + unbuilt).flatMap { $0.depexts(in: environment) })
        return UnikernelLock(sources: try sources(members), tools: tools, systemPackages: system.sorted())
    }

    // MARK: Solving

    /// - Throws: `LockObstacle` if no combination of versions can be used.
    private mutating func select(
        _ root: Universe.PackageID, provided: Set<String>
    ) throws -> [Universe.PackageID] {
        var request = column.request(root, isExplicit: true, options: RequestOptions())
        var excluded: Set<Universe.NameID> = []
        for _ in 0..<Self.roundLimit {
            let resolution = solver.solve(request)
            guard let selection = resolution.selection else {
                throw obstacle(of: root, resolution, request, excluded)
            }
            var isUsable = true
            for id in selection where id != root {
                let name = universe.nameID(of: id)
                guard !excluded.contains(name), !provided.contains(universe.name(name)) else { continue }
                let unusable = try unusableVersions(of: name, selecting: id)
                guard unusable.contains(id) else { continue }
                excluded.insert(name)
                isUsable = false
                request.constraints.append(
                    PackageConstraint(
                        PackageName(unchecked: universe.name(name)),
                        .conjunction(
                            unusable.map {
                                .atom(VersionConstraint(.notEqual, Version(unchecked: universe.version(of: $0))))
                            })))
            }
            if isUsable { return selection }
        }
        throw LockObstacle(reason: "no lock was found in \(Self.roundLimit) searches")
    }

    private mutating func obstacle(
        of root: Universe.PackageID, _ resolution: Resolution, _ request: Request, _ excluded: Set<Universe.NameID>
    ) -> LockObstacle {
        let explanation = resolution.status == .limit ? nil : solver.explain(request)
        // Usually a library that is not built with dune: the solver's explanation would only say that the request
        // conflicts with it.
        let unbuildable = excluded.filter { name in
            excludedOfName[name]?.count == universe.versions(of: name).count
                && explanation?.examined.contains(name) == true
        }.map(universe.name).min()
        let unbuildableCause = unbuildable.map {
            UnsolvableCause(.dependency, package: $0, sentence: "dune builds no version of \($0)")
        }
        let cause =
            unbuildableCause
            ?? explanation.flatMap { explanation in
                UnsolvableCause(
                    explanation, of: universe.name(universe.nameID(of: root)), version: universe.version(of: root))
            }
        let names = excluded.map(universe.name).sorted()
        let note =
            names.isEmpty
            ? ""
            : "\nleft out are versions that dune does not build, or that are not marked for cross compilation, of "
                + names.joined(separator: ", ")
        let reason = explanation?.description ?? "the solver found no versions that go together"
        return LockObstacle(reason: reason + note, cause: cause)
    }

    /// The versions of a name that cannot be built among a unikernel's sources; none if `selected` can be built.
    private mutating func unusableVersions(
        of name: Universe.NameID, selecting selected: Universe.PackageID
    ) throws -> [Universe.PackageID] {
        if let known = excludedOfName[name] { return known }
        guard !Self.base.contains(universe.name(name)) else { return [] }
        let isMarked = try isMarked(name)
        let isUsable = { (file: OpamFile) in
            file.isCompiler || (file.isVirtual || file.usesDune) && (!isMarked || file.isForCrossCompilation)
        }
        // Usually the selected version can be built, and the others need not be parsed.
        if isUsable(try file(of: selected)) { return [] }
        let unusable = try universe.versions(of: name).filter { !isUsable(try file(of: $0)) }
        excludedOfName[name] = unusable
        return unusable
    }

    /// Whether some version is marked for cross compilation.
    private mutating func isMarked(_ name: Universe.NameID) throws -> Bool {
        if let known = markedNames[name] { return known }
        let mark = Array(OpamFile.crossCompilationTag.utf8)
        let isMarked = try universe.versions(of: name).contains { id in
            // Few files contain the word, so the others need not be parsed.
            try source.files(of: universe.packageVersion(id)).opam.firstRange(of: mark) != nil
                && file(of: id).isForCrossCompilation
        }
        markedNames[name] = isMarked
        return isMarked
    }

    private mutating func file(of id: Universe.PackageID) throws -> OpamFile {
        if let known = files[id] { return known }
        let package = universe.packageVersion(id)
        let file = try UnikernelRecipe.opamFile(source.files(of: package), of: package)
        files[id] = file
        return file
    }

    // MARK: Sources

    /// Whether a package is a tool of the switch, whatever its source.
    private func isTool(_ name: String, _ file: OpamFile, _ provided: Set<String>) -> Bool {
        Self.base.contains(name) || provided.contains(name) || file.isCompiler
    }

    private func isSupplied(_ name: String, _ file: OpamFile, _ provided: Set<String>) -> Bool {
        isTool(name, file, provided) || file.isVirtual
    }

    private func isInSwitch(_ package: PackageVersion) -> Bool {
        switchPackages.nameID(package.name).flatMap { switchPackages.package($0, version: package.version) } != nil
    }

    /// The reason why a package that only an extra repository has cannot be built in the switch; nil if there is
    /// nothing to build.
    private func obstacle(
        ofTool package: PackageVersion, _ file: OpamFile, _ provided: Set<String>
    ) throws -> LockObstacle? {
        let isTool = isTool(package.name, file, provided)
        guard isTool || !file.build.isEmpty || !file.install.isEmpty else { return nil }
        let repository = try source.repository(of: package).map { "the extra repository '\($0.location)'" }
        let hasSource = isTool || file.url != nil
        let why = hasSource ? "is a package of the switch" : "has no source and is therefore built in the switch"
        let expected =
            "\(package) in a repository of the matrix" + (hasSource ? "" : ", or a section 'url' in its opam file")
        return LockObstacle(
            reason: "\(package) \(why), but only \(repository ?? "'pin-depends' of the opam file") has it: "
                + "expected \(expected)")
    }

    /// One source for each repository in which packages are developed. If their archives differ, that of a pinned
    /// package is used, otherwise that of the greatest version.
    private func sources(
        _ members: [(package: PackageVersion, file: OpamFile)]
    ) throws(LockObstacle) -> [UnikernelLock.LockedSource] {
        var sources: [String: (source: UnikernelLock.LockedSource, isPinned: Bool, version: Version)] = [:]
        for (package, file) in members {
            guard let url = file.url else { continue }
            let directory = Self.directory(of: file, package)
            let (isPinned, version) = (pinned.contains(package.name), Version(unchecked: package.version))
            let new = UnikernelLock.LockedSource(
                directory: directory, file: "ciso-duniverse/\(directory)-\(Self.lastComponent(url.url))", url: url.url,
                checksums: url.checksums.map(\.description), packages: [package])
            guard new.isGit || !url.checksums.isEmpty && url.url.contains("://") else {
                throw LockObstacle(
                    reason: "\(package) has the source '\(url.url)': only archives with a checksum and repositories of "
                        + "git can be locked")
            }
            guard let known = sources[directory] else {
                sources[directory] = (new, isPinned, version)
                continue
            }
            let isBetter = known.isPinned == isPinned ? known.version < version : isPinned
            var merged = isBetter ? new : known.source
            merged.packages = (known.source.packages + new.packages).sorted()
            sources[directory] = (merged, known.isPinned || isPinned, isBetter ? version : known.version)
        }
        return sources.values.map(\.source).sorted { $0.directory < $1.directory }
    }

    /// The name of the repository in which a package is developed.
    private static func directory(of file: OpamFile, _ package: PackageVersion) -> String {
        var name = file.developmentRepository.map(lastComponent) ?? package.name
        if name.hasSuffix(".git") { name.removeLast(4) }
        // A file in `duniverse/` has the name `dune`; opam-monorepo uses this name for the directory as well.
        if name == "dune" { return "dune_" }
        return name.isEmpty ? package.name : name
    }

    /// The part after the last slash, in characters that need no quoting in scripts.
    private static func lastComponent(_ address: String) -> String {
        String(
            SourceAddress.fileName(address).map { letter in
                letter.isASCII && (letter.isLetter || letter.isNumber || "-_.+".contains(letter)) ? letter : "_"
            })
    }
}

extension OpamFile {
    /// The packages of the switch that `x-opam-monorepo-opam-provided` names.
    var providedPackages: Set<String> { Set(strings(ofExtension: "x-opam-monorepo-opam-provided")) }

    /// The addresses that `x-mirage-extra-repo` names, in order.
    package var extraRepositories: [String] {
        extensions.filter { $0.name == "x-mirage-extra-repo" }.flatMap { field -> [String] in
            guard case .list(let pairs) = field.value.form else { return [] }
            return pairs.compactMap { pair in
                guard case .list(let parts) = pair.form, let last = Array(parts).last, case .string(let url) = last.form
                else { return nil }
                return url.hasPrefix("git+") ? String(url.dropFirst("git+".count)) : url
            }
        }
    }

    /// Whether there is nothing to build, or only a check of the system.
    fileprivate var isVirtual: Bool {
        url == nil || (build.isEmpty && install.isEmpty)
            || (flags.contains("conf") && developmentRepository?.isEmpty ?? true)
    }

    fileprivate var isCompiler: Bool { flags.contains("compiler") }

    fileprivate var usesDune: Bool { (depends.atoms + depopts.atoms).contains { $0.name.text == "dune" } }

    fileprivate static let crossCompilationTag = "cross-compile"

    fileprivate var isForCrossCompilation: Bool { tags.contains(Self.crossCompilationTag) }
}

extension DependencyFormula {
    /// The formula without the constraints on some names.
    func without(_ names: Set<String>) -> DependencyFormula {
        switch self {
        case .atom(let dependency): names.contains(dependency.name.text) ? .empty : self
        case .all(let parts): .conjunction(parts.map { $0.without(names) }.filter { !$0.isEmpty })
        // Like opam-monorepo: the rest of a disjunction still applies.
        case .any(let parts):
            switch parts.map({ $0.without(names) }).filter({ !$0.isEmpty }) {
            case let left where left.isEmpty: .empty
            case let left: .disjunction(left)
            }
        }
    }
}
