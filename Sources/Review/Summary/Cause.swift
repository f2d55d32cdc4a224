internal import Core
package import Model

/// A reason for bad cells, across all targets: the cells that have it and those blocked by them.
package struct Cause: Codable, Sendable, Hashable {
    /// The kind of a reason.
    package enum Kind: String, Codable, Sendable {
        /// Packages fail with one signature, or one package without any.
        case failure
        /// An infrastructure failure: of the machine, the network or the disk. Nothing is known about the cells that it
        /// blocks.
        case infrastructure
        /// No set of versions satisfies the request.
        case unsolvable
        /// The packages themselves exclude the compiler. All cells of this class form one cause, which comes last.
        case ownOCaml = "own-ocaml"
        /// Cells are blocked by a job that is no longer known to fail.
        case blocked
    }

    /// Eight hexadecimal digits that depend only on the cause, so that they are stable over time.
    package var id: String
    /// The kind of the reason.
    package var kind: Kind
    /// The normalised error line of a failure, if any.
    package var signature: String?
    /// The phase in which the first of the cells fails.
    package var phase: Phase?
    /// The text for the user: the error line of the first cell, or why there is no solution.
    package var reason: String?
    /// The names of the packages that are bad themselves, those with the most cells first.
    package var packages: [String]
    /// The cells that are bad themselves, sorted by name.
    package var cells: [Cell]
    /// The cells blocked by those, sorted by name.
    package var blocks: [Cell]
    /// The time since which the first of the cells, or of the jobs that block them, has been bad, in seconds since
    /// 1970; absent if nothing was recorded.
    package var since: Int?
    /// The run at that time; absent if unknown.
    package var sinceRun: Int?

    /// The number of cells affected by the cause.
    package var count: Int { cells.count + blocks.count }

    /// Whether its cells have no solution.
    package var isUnsolvable: Bool { kind == .unsolvable || kind == .ownOCaml }

    /// The number of affected columns.
    package var columns: Int { Set((cells + blocks).map(\.fullColumnName)).count }
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
        let recorded = records.first.flatMap { texts.text($0.reason) }
        reason =
            switch kind {
            case .unsolvable: key.text
            case .ownOCaml: "the package's own bound on the version of OCaml"
            case .failure, .infrastructure, .blocked: recorded ?? key.text
            }
        if reason == nil, kind == .infrastructure { reason = "an infrastructure failure" }
        var names: [InternedTexts.ID: Int] = [:]
        for position in roots { names[contents.cells[position].name, default: 0] += 1 }
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
    /// The causes of the bad cells among those that match the selectors, those that affect the most cells first. Each
    /// bad cell belongs to exactly one cause.
    package func causes(picked selectors: [Selector] = []) throws -> [Cause] {
        let contents = index.contents
        return IndexedCauses(of: try positions(picked: selectors), in: contents).causes
            .map { Cause($0, in: contents) }.sorted(by: Self.isWorse)
    }

    /// The ids of the causes of bad cells, by cell.
    func causeIDs(at positions: [Int]) -> [Cell: String] {
        let contents = index.contents
        return IndexedCauses(of: positions, in: contents).causes.reduce(into: [:]) { ids, cause in
            let id = cause.key.resolved(in: contents.texts).id
            for position in cause.own + cause.blocked { ids[contents.cell(at: position)] = id }
        }
    }
}
