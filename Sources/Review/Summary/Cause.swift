internal import Core
package import Model

/// One reason for which cells are bad, over all targets: the cells that have it, and those that wait for one of them.
package struct Cause: Codable, Sendable, Hashable {
    /// What kind of reason it is.
    package enum Kind: String, Codable, Sendable {
        /// Packages fail with one signature, or one package without any.
        case failure
        /// The machine, the network or the disk.
        case infrastructure
        /// No set of versions satisfies the request.
        case unsolvable
        /// The packages themselves do not go with the compiler: all cells of this class are one cause, which comes last.
        case ownOCaml = "own-ocaml"
        /// Something blocks cells that is itself not known to fail any more.
        case blocked
    }

    /// Eight hexadecimal digits, equal for equal causes whenever they are asked for.
    package var id: String
    /// What kind of reason it is.
    package var kind: Kind
    /// The normalised error line of a failure; absent where it has none.
    package var signature: String?
    /// The phase in which the first of the cells fails.
    package var phase: Phase?
    /// What a person reads: the error line of the first of the cells, or why there is no solution.
    package var reason: String?
    /// The names of the packages that are bad themselves, those of the most cells first.
    package var packages: [String]
    /// The cells that are bad themselves, in order of their names.
    package var cells: [Cell]
    /// The cells that can be tried once those are mended, in order of their names.
    package var blocks: [Cell]
    /// Seconds since 1970, when the first of the cells, or of the jobs they wait for, became as it is; absent where nothing was
    /// recorded.
    package var since: Int?
    /// The run in which that was; absent where it is unknown.
    package var sinceRun: Int?

    /// The cells that the cause spoils.
    package var count: Int { cells.count + blocks.count }

    /// Whether its cells have no solution.
    package var isUnsolvable: Bool { kind == .unsolvable || kind == .ownOCaml }

    /// How many targets with a compiler it hits.
    package var columns: Int { Set((cells + blocks).map { "\($0.target)/\($0.compiler)" }).count }
}

extension Cause {
    init(_ indexed: IndexedCauses.Cells, in contents: IndexContents) {
        let texts = contents.texts
        let roots = indexed.own + indexed.inputs.sorted()
        let records = roots.compactMap { contents.cells[$0].record }
        let key = indexed.key.resolved(in: texts)
        (id, kind) = (key.id, key.kind)
        signature = kind == .failure ? key.text : nil
        phase = records.first?.phase
        let told = records.first.flatMap { texts.text($0.reason) }
        reason =
            switch kind {
            case .unsolvable: key.text
            case .ownOCaml: "the bound of the package itself on the version of OCaml"
            case .failure, .infrastructure, .blocked: told ?? key.text
            }
        var names: [InternedTexts.ID: Int] = [:]
        for place in roots { names[contents.cells[place].name, default: 0] += 1 }
        packages = names.map { (name: texts[$0], count: $1) }
            .sorted { ($1.count, $0.name) < ($0.count, $1.name) }.map(\.name)
        if packages.isEmpty, let blocker = key.package {
            packages = [PackageVersion(blocker)?.name ?? blocker]
        }
        cells = indexed.own.map(contents.cell)
        blocks = indexed.blocked.map(contents.cell)
        let first = records.filter { $0.sinceTime > 0 }.min { $0.sinceTime < $1.sinceTime }
        since = first.map { Int($0.sinceTime) }
        sinceRun = first.flatMap { $0.sinceRun == 0 ? nil : Int($0.sinceRun) }
    }
}

extension DeploymentResults {
    /// The causes of the bad cells among those that the selectors pick, those that spoil most cells first. Each bad cell is in
    /// one of them, among its cells or among those that it blocks.
    package func causes(picked selectors: [Selector] = []) throws -> [Cause] {
        let contents = index.contents
        return IndexedCauses(of: try places(picked: selectors), in: contents).causes
            .map { Cause($0, in: contents) }.sorted(by: Self.isWorse)
    }

    /// The ids of the causes of the bad cells at some places, by the cells.
    func causeIDs(at places: [Int]) -> [Cell: String] {
        let contents = index.contents
        return IndexedCauses(of: places, in: contents).causes.reduce(into: [:]) { ids, cause in
            let id = cause.key.resolved(in: contents.texts).id
            for place in cause.own + cause.blocked { ids[contents.cell(at: place)] = id }
        }
    }
}
