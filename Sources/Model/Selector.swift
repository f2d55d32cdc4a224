public import Core

/// A word that picks cells: a cell with globs (`openbsd-*/5.3.0/lwt.*`), `KEY:VALUE` as in `outcome:failure`, or one of those
/// after a `!`, which picks what the rest does not.
///
/// - SeeAlso: `docs/decisions/0126-empty-selection.md`
public indirect enum Selector: Sendable, Hashable {
    /// One glob for each of target, compiler and package; a missing part picks all.
    case cells(target: Glob, compiler: Glob, package: Glob)
    /// Cells in a state of that name.
    case outcome(Glob)
    /// Failures whose signature has this text in it, letter case aside.
    case signature(Glob)
    /// Cells of the task whose id begins so.
    case task(Glob)
    /// Cells of packages that have a maintainer of this name or address, letter case aside.
    case maintainer(Glob)
    /// Cells of packages that have this tag, letter case aside.
    case tag(Glob)
    /// Cells whose result compares so with the verdict before.
    case change(Glob)
    /// Failures of this kind.
    case kind(Glob)
    /// Cells that are as they are since that run or time, or a later one.
    case since(Moment)
    /// Failures in whose log a line has this text in it.
    case log(Glob)
    case not(Selector)

    /// A point in the history of results.
    public enum Moment: Sendable, Hashable {
        case run(Int)
        /// Seconds since 1970.
        case time(Int, text: String)
    }

    /// What comes before the colon, but for cells.
    public enum Key: String, Sendable, CaseIterable {
        case outcome, signature, task, maintainer, tag, change, kind, since, grep
    }

    /// The words that a cell's state may be.
    public static let states = Outcome.allCases.map(\.rawValue) + ["pending", "excluded"]

    /// Reads a selector.
    ///
    /// - Returns: nil where `text` is none: an unknown key, a word that is no outcome, an empty word, or more than two slashes.
    public init?(_ text: String) {
        try? self.init(parsing: text)
    }

    /// Matches one cell.
    package init(cell: Cell) {
        self = .cells(
            target: Glob(cell.target), compiler: Glob(cell.compiler), package: Glob(cell.package.description))
    }

    /// What it asks about; nil for cells by their names. The selectors of one key are alternatives.
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

    /// Whether it picks what another selector does not.
    public var isNegated: Bool { if case .not = self { true } else { false } }

    /// Whether this picks the cell.
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

    /// Whether this picks cells by their names, and the name of this one.
    public func picks(name cell: Cell) -> Bool {
        guard case .cells(let target, let compiler, let package) = self else { return false }
        return target.matches(cell.target) && compiler.matches(cell.compiler)
            && (package.matches(cell.package.description) || package.matches(cell.package.name))
    }

    /// What a maintainer may be called: all that is in the opam file, the name, the address.
    private static func names(of maintainer: String) -> [String] {
        let whole = maintainer.lowercased()
        guard let open = whole.firstIndex(of: "<"), let close = whole.lastIndex(of: ">"), open < close else {
            return [whole]
        }
        let name = whole[..<open].split(separator: " ").joined(separator: " ")
        return [whole, name, String(whole[whole.index(after: open)..<close])]
    }
}

/// What selectors may ask of a cell. What is not known is empty.
public protocol Selectable {
    var cell: Cell { get }
    /// The word of its state: an outcome, `pending` or `excluded`.
    var state: String? { get }
    var signature: String? { get }
    /// The ids of the tasks that asked for it.
    var tasks: [String] { get }
    /// As in the opam file.
    var maintainers: [String] { get }
    var tags: [String] { get }
    var change: ResultChange? { get }
    var kind: String? { get }
    /// When it became as it is: seconds since 1970, and the run.
    var since: (time: Int, run: Int?)? { get }
    /// Whether its log, of a failure, has a line that matches.
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
