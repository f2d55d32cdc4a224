public import Core
internal import Foundation
internal import PluginMessages

extension Selector {
    /// Parses a selector written by a user.
    ///
    /// - Throws: `Failure` of the category `input` that names what was expected.
    public init(parsing text: String) throws(Failure) {
        if text.hasPrefix("!") {
            guard !text.hasPrefix("!!") else { throw Self.failure(text, of: nil) }
            self = .not(try Selector(parsing: String(text.dropFirst())))
            return
        }
        guard let colon = text.firstIndex(of: ":") else {
            self = try Self.cells(text)
            return
        }
        let (word, value) = (String(text[..<colon]), String(text[text.index(after: colon)...]))
        guard let key = Key(rawValue: word), !value.isEmpty else { throw Self.failure(text, of: word) }
        let lowered = Glob(value.lowercased())
        switch key {
        case .outcome: self = .outcome(try Self.glob(value, among: Self.states, of: key))
        case .change: self = .change(try Self.glob(value, among: ResultChange.allCases.map(\.rawValue), of: key))
        case .signature: self = .signature(Glob("*\(lowered)*"))
        case .task: self = .task(Glob("\(value)*"))
        case .maintainer: self = .maintainer(lowered)
        case .tag: self = .tag(lowered)
        case .kind: self = .kind(try Self.glob(value, among: LogPattern.Kind.allCases.map(\.rawValue), of: key))
        case .grep: self = .log(Glob("*\(value)*"))
        case .since: self = .since(try Self.moment(value))
        }
    }

    private static let expected =
        "expected TARGET/COMPILER/PACKAGE with globs, outcome:WORD, change:WORD, kind:WORD, signature:TEXT, grep:TEXT, "
        + "maintainer:ADDRESS, tag:WORD, since:RUN, since:DATE or task:ID; '!' before it picks the others"

    private static func cells(_ text: String) throws(Failure) -> Selector {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard !text.isEmpty, parts.count <= 3, parts.allSatisfy({ !$0.isEmpty }) else { throw failure(text, of: nil) }
        let globs = parts.map { Glob($0) }
        switch globs.count {
        case 1: return .cells(target: .all, compiler: .all, package: globs[0])
        case 2:
            // As tables name the columns of unikernels: `debian-12/5.3.0@spt`.
            let column = parts[1].split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
            guard column.count == 2, !column[0].isEmpty, !column[1].isEmpty else {
                return .cells(target: globs[0], compiler: globs[1], package: .all)
            }
            return .cells(target: globs[0], compiler: Glob(String(column[0])), package: Glob("*@\(column[1])"))
        default: return .cells(target: globs[0], compiler: globs[1], package: globs[2])
        }
    }

    private static func failure(_ text: String, of key: String?) -> Failure {
        let near = key.flatMap { nearest(to: $0, in: Key.allCases.map(\.rawValue)) }
        let guess = near.flatMap { $0 == key ? nil : "did you mean '\($0):'? " } ?? ""
        return Failure(.input, "'\(text)' is not a selector", hint: guess + expected)
    }

    /// A glob that matches one of the legal words.
    private static func glob(_ value: String, among words: [String], of key: Key) throws(Failure) -> Glob {
        let glob = Glob(value)
        if words.contains(where: glob.matches) { return glob }
        let near = nearest(to: value, in: words).map { "did you mean '\(key.rawValue):\($0)'? " } ?? ""
        throw Failure(
            .input, "'\(key.rawValue):\(value)': there is no \(key.rawValue) '\(value)'",
            hint: "\(near)\(key.rawValue)s are \(words.joined(separator: ", "))")
    }

    private static func moment(_ text: String) throws(Failure) -> Moment {
        if let run = Int(text), run > 0, text.count < 10 { return .run(run) }
        let time =
            text.contains("T")
            ? try? Date(text, strategy: .iso8601) : try? Date(text, strategy: .iso8601.year().month().day())
        if let time {
            return .time(Int(time.timeIntervalSince1970), text: text)
        }
        throw Failure(
            .input, "'since:\(text)' is neither a run nor a time",
            hint: "expected the number of a run, as in since:12, or a time in UTC, as in since:2026-11-29 or "
                + "since:2026-11-29T08:30:00Z")
    }
}
