public import Core

/// A pattern that picks cells: a cell with globs (`openbsd-*/5.3.0/lwt.*`), `KEY:VALUE` as in `outcome:failure`, or one
/// of these after a `!`, which negates it.
///
/// - SeeAlso: `docs/decisions/0126-empty-selection.md`
public indirect enum Selector: Sendable, Hashable {
    /// Globs for the target, the compiler and the package; a missing part matches everything.
    case cells(target: Glob, compiler: Glob, package: Glob)
    /// Cells in a state with this name.
    case outcome(Glob)
    /// Failures whose signature contains this text, ignoring case.
    case signature(Glob)
    /// Cells of the task whose id has this prefix.
    case task(Glob)
    /// Cells of packages with a maintainer of this name or address, ignoring case.
    case maintainer(Glob)
    /// Cells of packages with this tag, ignoring case.
    case tag(Glob)
    /// Cells whose result compares in this way with the previous verdict.
    case change(Glob)
    /// Failures of this kind.
    case kind(Glob)
    /// Cells that entered their current state in this run, at this time, or later.
    case since(Moment)
    /// Failures whose log has a line that contains this text.
    case log(Glob)
    case not(Selector)

    /// A point in the history of results.
    public enum Moment: Sendable, Hashable {
        case run(Int)
        /// Seconds since 1970.
        case time(Int, text: String)
    }

    /// The word before the colon. Selectors by cell have none.
    public enum Key: String, Sendable, CaseIterable {
        case outcome, signature, task, maintainer, tag, change, kind, since, grep
    }

    /// The names of a cell's states.
    public static let states = Outcome.allCases.map(\.rawValue) + ["pending", "excluded"]

    /// Parses a selector.
    ///
    /// - Returns: nil if `text` is not a selector: an unknown key, an unknown outcome, an empty word, or more than two
    ///   slashes.
    public init?(_ text: String) {
        try? self.init(parsing: text)
    }

    /// Picks exactly one cell.
    package init(cell: Cell) {
        self = .cells(
            target: Glob(cell.target), compiler: Glob(cell.compiler), package: Glob(cell.package.description))
    }

    /// The key; nil for selectors by cell. Selectors of one key are alternatives.
    public var key: Key? {
        switch self {
        case .cells: nil
        case .outcome: .outcome
        case .signature: .signature
        case .task: .task
        case .maintainer: .maintainer
        case .tag: .tag
        case .change: .change
        case .kind: .kind
        case .since: .since
        case .log: .grep
        case .not(let selector): selector.key
        }
    }

    /// Whether the selector is negated.
    public var isNegated: Bool { if case .not = self { true } else { false } }

    /// Whether the selector picks the cell.
    public func picks(_ subject: some Selectable) -> Bool {
        switch self {
        case .cells: return picks(name: subject.cell)
        case .outcome(let glob): return subject.state.map(glob.matches) ?? false
        case .signature(let glob): return subject.signature.map { glob.matches($0.lowercased()) } ?? false
        case .task(let glob): return subject.tasks.contains(where: glob.matches)
        case .maintainer(let glob):
            return subject.maintainers.contains { Self.names(of: $0).contains(where: glob.matches) }
        case .tag(let glob): return subject.tags.contains { glob.matches($0.lowercased()) }
        case .change(let glob): return subject.change.map { glob.matches($0.rawValue) } ?? false
        case .kind(let glob): return subject.kind.map(glob.matches) ?? false
        case .since(.run(let run)): return subject.since?.run.map { $0 >= run } ?? false
        case .since(.time(let time, _)): return subject.since.map { $0.time >= time } ?? false
        case .log(let glob): return subject.hasLogLine(glob)
        case .not(let selector): return !selector.picks(subject)
        }
    }

    /// Whether this is a selector by cell that matches this cell. Its last part is `PACKAGE`, `PACKAGE.VERSION`, or for
    /// unikernels `PACKAGE@BACKEND`.
    public func picks(name cell: Cell) -> Bool {
        guard case .cells(let target, let compiler, let package) = self else { return false }
        return target.matches(cell.target) && compiler.matches(cell.compiler)
            && (package.matches(cell.package.description) || package.matches(cell.package.name)
                || package.pattern.utf8.contains(UInt8(ascii: "@")) && package.matches(cell.position.package))
    }

    /// The texts by which a maintainer may be selected: the whole entry of the opam file, the name, the address.
    private static func names(of maintainer: String) -> [String] {
        let whole = maintainer.lowercased()
        guard let open = whole.firstIndex(of: "<"), let close = whole.lastIndex(of: ">"), open < close else {
            return [whole]
        }
        let name = whole[..<open].split(separator: " ").joined(separator: " ")
        return [whole, name, String(whole[whole.index(after: open)..<close])]
    }
}

/// The properties of a cell that selectors match. Unknown properties are empty.
public protocol Selectable {
    /// The cell.
    var cell: Cell { get }
    /// The name of its state: an outcome, `pending` or `excluded`.
    var state: String? { get }
    /// The signature of its failure.
    var signature: String? { get }
    /// The ids of the tasks that request it.
    var tasks: [String] { get }
    /// The maintainers as in the opam file.
    var maintainers: [String] { get }
    /// The tags as in the opam file.
    var tags: [String] { get }
    /// How its result compares with the previous verdict.
    var change: ResultChange? { get }
    /// The kind of its failure.
    var kind: String? { get }
    /// Since when the cell has its state: seconds since 1970, and the run.
    var since: (time: Int, run: Int?)? { get }
    /// Whether the log of its failure has a matching line.
    func hasLogLine(_ glob: Glob) -> Bool
}

extension Selector: CustomStringConvertible {
    public var description: String {
        switch self {
        case .cells(.all, .all, let package): "\(package)"
        case .cells(let target, let compiler, .all): "\(target)/\(compiler)"
        case .cells(let target, let compiler, let package): "\(target)/\(compiler)/\(package)"
        case .outcome(let glob), .maintainer(let glob), .tag(let glob), .change(let glob), .kind(let glob):
            "\(key?.rawValue ?? ""):\(glob)"
        case .signature(let glob), .log(let glob): "\(key?.rawValue ?? ""):\(glob.pattern.dropFirst().dropLast())"
        case .task(let glob): "task:\(glob.pattern.dropLast())"
        case .since(.run(let run)): "since:\(run)"
        case .since(.time(_, let text)): "since:\(text)"
        case .not(let selector): "!\(selector)"
        }
    }
}
