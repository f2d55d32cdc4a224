public import Core

/// Words that pick cells: a cell with globs (`openbsd-*/5.3.0/lwt.*`), `outcome:failure`, `signature:TEXT` or
/// `task:ID`.
public enum Selector: Sendable, Hashable {
    /// One glob for each of target, compiler and package; a missing part picks all.
    case cells(target: Glob, compiler: Glob, package: Glob)
    case outcome(Outcome)
    /// Failures whose signature has this text in it, letter case aside.
    case signature(String)
    /// Cells of the task whose id begins so.
    case task(String)

    /// Reads a selector.
    ///
    /// - Returns: nil where `text` is none: an unknown outcome, an empty word, or more than two slashes.
    public init?(_ text: String) {
        if let colon = text.firstIndex(of: ":") {
            let value = String(text[text.index(after: colon)...])
            guard !value.isEmpty else { return nil }
            switch text[..<colon] {
            case "outcome":
                guard let outcome = Outcome(rawValue: value) else { return nil }
                self = .outcome(outcome)
            case "signature": self = .signature(value)
            case "task": self = .task(value)
            default: return nil
            }
            return
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard !text.isEmpty, parts.count <= 3, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        let globs = parts.map { Glob($0) }
        switch globs.count {
        case 1: self = .cells(target: .all, compiler: .all, package: globs[0])
        case 2: self = .cells(target: globs[0], compiler: globs[1], package: .all)
        default: self = .cells(target: globs[0], compiler: globs[1], package: globs[2])
        }
    }

    /// Reads a selector that a user wrote.
    ///
    /// - Throws: `Failure` of the category `input` that names what was expected.
    package init(parsing text: String) throws(Failure) {
        if let selector = Selector(text) {
            self = selector
            return
        }
        let outcomes = Outcome.allCases.map(\.rawValue)
        if text.hasPrefix("outcome:") {
            let word = String(text.dropFirst("outcome:".count))
            let near = nearest(to: word, in: outcomes).map { "did you mean 'outcome:\($0)'? " } ?? ""
            throw Failure(
                .input, "'\(text)': there is no outcome '\(word)'",
                hint: "\(near)outcomes are \(outcomes.joined(separator: ", "))")
        }
        throw Failure(
            .input, "'\(text)' is not a selector",
            hint: "expected TARGET/COMPILER/PACKAGE with globs, outcome:WORD, signature:TEXT or task:ID")
    }

    /// Matches one cell.
    package init(cell: Cell) {
        self = .cells(
            target: Glob(cell.target), compiler: Glob(cell.compiler), package: Glob(cell.package.description))
    }

    /// True when this picks the cell, given its result if there is one and the tasks it belongs to.
    public func picks(_ cell: Cell, result: CellResult?, tasks: [String] = []) -> Bool {
        switch self {
        case .cells(let target, let compiler, let package):
            target.matches(cell.target) && compiler.matches(cell.compiler)
                && (package.matches(cell.package.description) || package.matches(cell.package.name))
        case .outcome(let outcome): result?.outcome == outcome
        case .signature(let text): result?.signature?.lowercased().contains(text.lowercased()) ?? false
        case .task(let id): tasks.contains { $0.hasPrefix(id) }
        }
    }
}

extension Selector: CustomStringConvertible {
    public var description: String {
        switch self {
        case .cells(.all, .all, let package): "\(package)"
        case .cells(let target, let compiler, .all): "\(target)/\(compiler)"
        case .cells(let target, let compiler, let package): "\(target)/\(compiler)/\(package)"
        case .outcome(let outcome): "outcome:\(outcome.rawValue)"
        case .signature(let text): "signature:\(text)"
        case .task(let id): "task:\(id)"
        }
    }
}
