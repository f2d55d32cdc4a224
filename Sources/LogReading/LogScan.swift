internal import PluginMessages

/// The search for the error in one log.
struct LogScan {
    private let reader: LogReader
    private let text: UnsafeRawBufferPointer
    private let phase: LogPattern.Phase?
    private let precedences: [LogPattern.Precedence]
    /// For each literal, the highest precedence of its entries.
    private let precedencesOfLiterals: [LogPattern.Precedence]

    /// The best match so far.
    private var best: Match?
    /// The line that was examined last.
    private var window = 0..<0
    private var line: [UInt8] = []
    /// For each entry, the start of the window in which it was last tried, and how often it was tried.
    private var lastTry: [Int]
    private var tries: [Int]
    /// For each literal, the end of the last window in which its entries were tried.
    private var triedUpTo: [Int]
    /// The number of bytes that were compared with expressions, and of steps taken.
    private(set) var work = 0
    /// The limit of work for the current part of the search.
    private var limit = 0

    /// The limit of bytes and steps for comparing with expressions, except for the last one tried. Half of it is for
    /// the whole log, an eighth for its end if that was not enough, the rest for entries without literals and for vague
    /// ones.
    static let workLimit = 4 << 20
    /// The maximum number of unsuccessful tries of an entry in each part.
    private static let tryLimit = 4096
    private static let vagueLimit = 512
    /// The number of bytes of a long line that are examined before and after a literal.
    private static let (before, after) = (512, 3072)
    /// The part at the end of the log in which entries without literals are tried.
    private static let lastBytes = 64 << 10
    /// The size of the end that is searched again.
    private static let end = 256 << 10

    struct Match {
        var entry: Int
        var precedence: LogPattern.Precedence
        /// The matching line, or the examined part of it.
        var window: Range<Int>
        /// The matches of groups.
        var kept: [[UInt8]]
        /// The match of each group, for the class.
        var groups: [String]
    }

    init(_ reader: LogReader, _ text: UnsafeRawBufferPointer, _ phase: LogPattern.Phase?) {
        self.reader = reader
        self.text = text
        self.phase = phase
        let precedences = reader.entries.map { $0.precedence(in: phase) }
        self.precedences = precedences
        precedencesOfLiterals = reader.direct.entries.map { entries in entries.map { precedences[$0] }.min() ?? .weak }
        triedUpTo = [Int](repeating: 0, count: reader.direct.entries.count)
        lastTry = [Int](repeating: -1, count: reader.entries.count)
        tries = [Int](repeating: 0, count: reader.entries.count)
    }

    // MARK: Searching

    mutating func search() -> Match? {
        limit = Self.workLimit / 2
        scan(from: 0)
        // If the limit was reached, the end of the log may still contain the error.
        if best?.precedence != .cause, isExhausted {
            allow(Self.workLimit / 8)
            scan(from: max(0, text.count - Self.end))
        }
        allow(Self.workLimit / 8)
        for entry in reader.lastLinesOnly { considerLastLines(entry) }
        if best == nil || best!.precedence > .vague {
            allow(Self.workLimit / 4)
            findVague()
        }
        return best
    }

    /// Begins another part of the search with additional work.
    private mutating func allow(_ more: Int) {
        limit = max(limit, work) + more
        for entry in tries.indices { tries[entry] = 0 }
    }

    private var isExhausted: Bool { work >= limit || tries.contains { $0 >= Self.tryLimit } }

    private mutating func scan(from start: Int) {
        for literal in triedUpTo.indices { triedUpTo[literal] = 0 }
        reader.direct.scanner.scan(text, from: start) { literal, position in
            // The same window was already tried.
            if position < triedUpTo[literal] { return .proceed }
            guard work < limit else { return .stop }
            if let best, position >= best.window.upperBound {
                if best.precedence == .cause { return .stop }
                if precedencesOfLiterals[literal] >= best.precedence { return .dropLiteral }
            }
            let entries = reader.direct.entries[literal]
            for entry in entries { consider(entry, at: position) }
            if window.contains(position) { triedUpTo[literal] = window.upperBound }
            let isDone = entries.allSatisfy { tries[$0] >= Self.tryLimit || !canImprove($0, at: position) }
            return isDone ? .dropLiteral : .proceed
        }
    }

    /// Whether a match of an entry at a position would be better than the best so far.
    private func canImprove(_ entry: Int, at position: Int) -> Bool {
        guard let best else { return true }
        return precedences[entry] < best.precedence
            || precedences[entry] == best.precedence && position < best.window.upperBound
    }

    private mutating func consider(_ entry: Int, at position: Int) {
        let precedence = precedences[entry]
        guard canImprove(entry, at: position), tries[entry] < Self.tryLimit, work < limit else { return }
        examineLine(at: position)
        if let best, precedence == best.precedence,
            best.window.lowerBound < window.lowerBound
                || best.window.lowerBound == window.lowerBound && best.entry <= entry
        {
            return
        }
        if let match = match(entry) { best = match }
    }

    /// The sizes of pieces in which the log is searched backwards for vague lines.
    private static let (piece, largestPiece) = (64 << 10, 8 << 20)

    /// Of equally vague lines, the last one is used.
    private mutating func findVague() {
        var end = text.count
        var left = Self.vagueLimit
        var piece = Self.piece
        while end > 0, left > 0 {
            let start = max(0, end - piece)
            // A literal may extend into the next piece.
            let part = UnsafeRawBufferPointer(rebasing: text[start..<min(text.count, end + 256)])
            var found: [(literal: Int, position: Int)] = []
            reader.vague.scanner.scan(part) { literal, position in
                if start + position < end { found.append((literal, start + position)) }
                // Only the last ones are tried.
                if found.count >= 4 * Self.vagueLimit { found.removeFirst(3 * Self.vagueLimit) }
                return .proceed
            }
            if let match = lastMatch(among: found, &left) {
                best = match
                return
            }
            end = start
            piece = min(2 * piece, Self.largestPiece)
        }
    }

    private mutating func lastMatch(among found: [(literal: Int, position: Int)], _ left: inout Int) -> Match? {
        var last: Match?
        for (literal, position) in found.reversed() {
            if let last, position < last.window.lowerBound { break }
            guard left > 0 else { break }
            left -= 1
            examineLine(at: position)
            for entry in reader.vague.entries[literal] {
                if let last, last.entry <= entry { continue }
                if let match = match(entry) { last = match }
            }
        }
        return last
    }

    private mutating func considerLastLines(_ entry: Int) {
        var position = max(0, text.count - Self.lastBytes)
        while position < text.count {
            consider(entry, at: position)
            position = Lines.end(from: position, in: text) + 1
        }
    }

    /// Makes the line at `position` the examined one, from the last carriage return on and limited in length.
    private mutating func examineLine(at position: Int) {
        if window.contains(position) { return }
        var start = position
        let lowest = max(0, position - Self.before)
        while start > lowest, !Self.endsLine(text[start - 1]) { start -= 1 }
        var end = position
        let highest = min(text.count, position + Self.after)
        while end < highest, !Self.endsLine(text[end]) { end += 1 }
        window = start..<end
        line = LineText(Array(text[window])[...]).matchable
    }

    private static func endsLine(_ byte: UInt8) -> Bool { byte == Lines.newline || byte == Lines.carriageReturn }

    private mutating func match(_ number: Int) -> Match? {
        guard lastTry[number] != window.lowerBound, tries[number] < Self.tryLimit, work < limit else { return nil }
        lastTry[number] = window.lowerBound
        tries[number] += 1
        work += line.count
        guard !line.isEmpty, !isRunnersLine else { return nil }
        let entry = reader.entries[number]
        guard let found = entry.expression.firstMatch(in: line, countingSteps: &work),
            entry.exclusion?.firstMatch(in: line, countingSteps: &work) == nil
        else { return nil }
        var precedence = precedences[number]
        if phase == .test, isQuotedError {
            precedence = max(precedence, .possible)
            if let best, best.precedence <= precedence { return nil }
        }
        let groups = found.groups.dropFirst().map { $0.map { Array(line[$0]) } }
        return Match(
            entry: number, precedence: precedence, window: window, kept: groups.compactMap { $0 },
            groups: groups.map { $0.map { String(decoding: $0, as: UTF8.self) } ?? "" })
    }

    /// Whether the line is an indented error. Compilers do not indent these, but a test that expects one may print it
    /// so.
    private var isQuotedError: Bool {
        line.starts(with: "Error".utf8) && LineText(Array(text[window])[...]).isIndented
    }

    /// Whether the line is one of the runner's own, which is not part of the output.
    private var isRunnersLine: Bool {
        Self.isRunnersLine(line[...]) && (window.lowerBound == 0 || Self.endsLine(text[window.lowerBound - 1]))
    }

    /// Whether the line begins with `=== `, or with `==== `, as such a line of a command is escaped in the log.
    private static func isRunnersLine(_ line: ArraySlice<UInt8>) -> Bool {
        line.starts(with: "=== ".utf8) || line.starts(with: "==== ".utf8)
    }

    // MARK: The line to report

    /// - Parameters:
    ///   - isAsPrinted: whether the text is `printed` itself, rather than its copy without terminal codes.
    ///   - printed: the output of the step.
    mutating func finding(isAsPrinted: Bool, printed: UnsafeRawBufferPointer) -> LogFinding? {
        guard var match = search() else { return lastLine(isAsPrinted, printed) }
        let entry = reader.entries[match.entry]
        var reported = match.window
        if let following = entry.pattern.following, let line = self.line(following, after: reported) { reported = line }
        reported = Message.start(of: reported, in: text)
        if let preceding = entry.preceding, let line = lastLine(matching: preceding, before: reported.lowerBound) {
            (reported, match.kept) = line
        }
        let message = Message(at: reported, in: text)
        let isWeak = match.precedence == .weak
        let lines = Lines.count(in: UnsafeRawBufferPointer(rebasing: text[..<reported.lowerBound]))
        return LogFinding(
            line: 1 + lines, range: isAsPrinted ? message.range : range(of: message, atLine: lines, in: printed),
            message: message.text, excerpt: Excerpt.text(around: message.range, in: text),
            kind: isWeak ? .unknown : kind(of: entry.pattern),
            origin: origin(of: entry.pattern.kind, entry.pattern.origin), isWeak: isWeak,
            signature: Signature.of(message.matchable, keeping: match.kept),
            subject: match.kept.first.map { String(decoding: $0, as: UTF8.self) },
            failureClass: failureClass(entry.pattern, match.groups), pattern: entry.pattern.name,
            phase: entry.pattern.phase)
    }

    private func kind(of pattern: LogPattern) -> LogPattern.Kind {
        phase == .test && CommonPatterns.ofAnyProgram.contains(pattern.name) ? .testFailure : pattern.kind
    }

    /// While sources and system packages are fetched, no command of the package runs: then the package is at fault only
    /// for what it requests.
    private func origin(of kind: LogPattern.Kind, _ own: LogPattern.Origin? = nil) -> LogPattern.Origin {
        switch (phase, kind) {
        case (.fetch, .patch), (.fetch, .checksum), (.fetch, .solver), (.fetch, .missingSystemPackage): .package
        case (.depext, .missingSystemPackage), (.depext, .solver): .package
        case (.fetch, _), (.depext, _): .infrastructure
        default: own ?? kind.origin
        }
    }

    private func failureClass(_ pattern: LogPattern, _ groups: [String]) -> String {
        guard var text = pattern.failureClass else { return pattern.name }
        for (number, group) in groups.enumerated().reversed() {
            text = text.replacing("$\(number + 1)", with: group)
        }
        return text
    }

    /// The maximum number of lines from the end that are searched for a meaningful one.
    private static let lastLines = 10_000

    /// The last line that is neither blank nor the runner's, for a log that names no cause.
    private mutating func lastLine(_ isAsPrinted: Bool, _ printed: UnsafeRawBufferPointer) -> LogFinding? {
        var end = text.count
        for _ in 0..<Self.lastLines {
            // Most of a hostile log may be blank; blanks do not count as lines.
            while end > 0, LineText.isBlank(text[end - 1]) { end -= 1 }
            guard end > 0 else { return nil }
            let start = Lines.start(of: end, in: text)
            let line = LineText(Array(text[start..<end].suffix(Self.after))[...])
            if !line.isBlank, !Self.isRunnersLine(line.indented) {
                let message = Message(at: start..<end, in: text)
                let lines = Lines.count(in: UnsafeRawBufferPointer(rebasing: text[..<start]))
                return LogFinding(
                    line: 1 + lines,
                    range: isAsPrinted ? message.range : range(of: message, atLine: lines, in: printed),
                    message: message.text, excerpt: Excerpt.text(around: message.range, in: text), kind: .unknown,
                    origin: origin(of: .unknown), isWeak: true,
                    signature: Signature.of(message.matchable, keeping: []), failureClass: "unknown")
            }
            end = start
        }
        return nil
    }

    private func line(_ count: Int, after window: Range<Int>) -> Range<Int>? {
        var (left, position) = (count, Lines.end(from: window.upperBound, in: text) + 1)
        for _ in 0..<(count + 8) where position < text.count {
            let end = Lines.end(from: position, in: text)
            let range = position..<min(end, position + Self.after)
            if !LineText(Array(text[range])[...]).isBlank { left -= 1 }
            if left == 0 { return range }
            position = end + 1
        }
        return nil
    }

    /// The last matching line before `position` within a number of lines, and the matches of its groups.
    private func lastLine(matching expression: Expression, before position: Int) -> (Range<Int>, [[UInt8]])? {
        var end = Lines.start(of: position, in: text)
        for _ in 0..<200 where end > 0 {
            let start = Lines.start(of: end - 1, in: text)
            let range = start..<min(end - 1, start + Self.after)
            let line = LineText(Array(text[range])[...]).matchable
            if let match = expression.firstMatch(in: line) {
                return (range, match.groups.dropFirst().compactMap { $0.map { Array(line[$0]) } })
            }
            end = start
        }
        return nil
    }

    /// The range of the lines in the original output with terminal codes.
    private func range(of message: Message, atLine first: Int, in printed: UnsafeRawBufferPointer) -> Range<Int> {
        let more = Lines.count(in: UnsafeRawBufferPointer(rebasing: text[message.range]))
        let start = Lines.range(of: first, in: printed)
        var end = start.upperBound
        for _ in 0..<more { end = Lines.end(from: end + 1, in: printed) }
        return start.lowerBound..<end
    }
}
