internal import PluginMessages

/// One reading of one log.
struct LogScan {
    private let reader: LogReader
    private let text: UnsafeRawBufferPointer
    private let phase: LogPattern.Phase?
    private let precedences: [LogPattern.Precedence]
    /// For each literal the highest precedence of an entry that has it.
    private let precedencesOfLiterals: [LogPattern.Precedence]

    /// The best line so far.
    private var best: Match?
    /// The line that was looked at last.
    private var window = 0..<0
    private var line: [UInt8] = []
    /// For each entry where the window began that it was tried on last, and how often it was tried.
    private var lastTry: [Int]
    private var tries: [Int]
    /// For each literal the end of the last window in which its entries were tried.
    private var triedUpTo: [Int]
    /// Bytes that were compared with expressions, and the steps that this took.
    private(set) var work = 0
    /// How much work may be done until the next part of the search.
    private var limit = 0

    /// Bytes and steps of comparing with expressions, but for the last one that is tried. Half of it is for the whole log, an
    /// eighth for its end where that was not enough, the rest for entries without literals and for vague ones.
    static let mostWork = 4 << 20
    /// How often an entry is tried in vain in each of those parts.
    private static let mostTries = 4096
    private static let mostVague = 512
    /// How much of a long line is looked at, before and after a literal.
    private static let (before, after) = (512, 3072)
    /// Where entries without literals are tried.
    private static let lastBytes = 64 << 10
    /// How much of the end is searched once more.
    private static let end = 256 << 10

    struct Match {
        var entry: Int
        var precedence: LogPattern.Precedence
        /// The matching line, or as much of it as was looked at.
        var window: Range<Int>
        /// What the groups matched.
        var kept: [[UInt8]]
        /// What each group matched, for the class.
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
        limit = Self.mostWork / 2
        scan(from: 0)
        // Where that took too much, a log may still end with what made it fail.
        if best?.precedence != .cause, isExhausted {
            allow(Self.mostWork / 8)
            scan(from: max(0, text.count - Self.end))
        }
        allow(Self.mostWork / 8)
        for entry in reader.lastLinesOnly { considerLastLines(entry) }
        if best == nil || best!.precedence > .vague {
            allow(Self.mostWork / 4)
            findVague()
        }
        return best
    }

    /// Begins another part of the search, which may do some work of its own.
    private mutating func allow(_ more: Int) {
        limit = max(limit, work) + more
        for entry in tries.indices { tries[entry] = 0 }
    }

    private var isExhausted: Bool { work >= limit || tries.contains { $0 >= Self.mostTries } }

    private mutating func scan(from start: Int) {
        for literal in triedUpTo.indices { triedUpTo[literal] = 0 }
        reader.direct.scanner.scan(text, from: start) { literal, position in
            // The same window again.
            if position < triedUpTo[literal] { return .proceed }
            guard work < limit else { return .stop }
            if let best, position >= best.window.upperBound {
                if best.precedence == .cause { return .stop }
                if precedencesOfLiterals[literal] >= best.precedence { return .dropLiteral }
            }
            let entries = reader.direct.entries[literal]
            for entry in entries { consider(entry, at: position) }
            if window.contains(position) { triedUpTo[literal] = window.upperBound }
            let isDone = entries.allSatisfy { tries[$0] >= Self.mostTries || !canImprove($0, at: position) }
            return isDone ? .dropLiteral : .proceed
        }
    }

    /// Whether a match of an entry at a position would be better than the best line so far.
    private func canImprove(_ entry: Int, at position: Int) -> Bool {
        guard let best else { return true }
        return precedences[entry] < best.precedence
            || precedences[entry] == best.precedence && position < best.window.upperBound
    }

    private mutating func consider(_ entry: Int, at position: Int) {
        let precedence = precedences[entry]
        guard canImprove(entry, at: position), tries[entry] < Self.mostTries, work < limit else { return }
        look(at: position)
        if let best, precedence == best.precedence,
            best.window.lowerBound < window.lowerBound
                || best.window.lowerBound == window.lowerBound && best.entry <= entry
        {
            return
        }
        if let match = match(entry) { best = match }
    }

    /// How much is searched at once for vague lines, from the end of the log on.
    private static let (piece, largestPiece) = (64 << 10, 8 << 20)

    /// Of lines that are as vague, the last one counts.
    private mutating func findVague() {
        var end = text.count
        var left = Self.mostVague
        var piece = Self.piece
        while end > 0, left > 0 {
            let start = max(0, end - piece)
            // A literal may begin in this piece and go on in the next one.
            let part = UnsafeRawBufferPointer(rebasing: text[start..<min(text.count, end + 256)])
            var found: [(literal: Int, position: Int)] = []
            reader.vague.scanner.scan(part) { literal, position in
                if start + position < end { found.append((literal, start + position)) }
                // More than the last ones are not tried.
                if found.count >= 4 * Self.mostVague { found.removeFirst(3 * Self.mostVague) }
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
            look(at: position)
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

    /// Makes the line at `position` the one that is looked at: as far as the next return of the cursor, and not too far.
    private mutating func look(at position: Int) {
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
        guard lastTry[number] != window.lowerBound, tries[number] < Self.mostTries, work < limit else { return nil }
        lastTry[number] = window.lowerBound
        tries[number] += 1
        work += line.count
        guard !line.isEmpty, !isOfRunner else { return nil }
        let entry = reader.entries[number]
        guard let found = entry.expression.firstMatch(in: line, countingSteps: &work),
            entry.exclusion?.firstMatch(in: line, countingSteps: &work) == nil
        else { return nil }
        let groups = found.groups.dropFirst().map { $0.map { Array(line[$0]) } }
        return Match(
            entry: number, precedence: precedences[number], window: window, kept: groups.compactMap { $0 },
            groups: groups.map { $0.map { String(decoding: $0, as: UTF8.self) } ?? "" })
    }

    /// The runner's own lines tell nothing of what a command printed.
    private var isOfRunner: Bool {
        Self.isOfRunner(line[...]) && (window.lowerBound == 0 || Self.endsLine(text[window.lowerBound - 1]))
    }

    /// A line `=== …`, and one that a command printed so and that the log escapes.
    private static func isOfRunner(_ line: ArraySlice<UInt8>) -> Bool {
        line.starts(with: "=== ".utf8) || line.starts(with: "==== ".utf8)
    }

    // MARK: The line to report

    /// - Parameters:
    ///   - isAsPrinted: whether the text is `printed`, and not that without codes of terminals.
    ///   - printed: what the step printed.
    mutating func finding(isAsPrinted: Bool, printed: UnsafeRawBufferPointer) -> LogFinding? {
        guard var match = search() else { return lastLine(isAsPrinted, printed) }
        let entry = reader.entries[match.entry]
        var reported = match.window
        if let following = entry.pattern.following, let line = self.line(following, after: reported) { reported = line }
        if let preceding = entry.preceding, let line = lastLine(matching: preceding, before: reported.lowerBound) {
            (reported, match.kept) = line
        }
        let message = Message(at: reported, in: text)
        let isWeak = match.precedence == .weak
        return LogFinding(
            line: 1 + Lines.count(in: UnsafeRawBufferPointer(rebasing: text[..<reported.lowerBound])),
            range: isAsPrinted ? message.range : range(of: message, in: printed), message: message.text,
            excerpt: Excerpt.text(around: message.range, in: text),
            kind: isWeak ? .unknown : entry.pattern.kind, origin: origin(of: entry.pattern.kind, entry.pattern.origin),
            isWeak: isWeak, signature: Signature.of(message.matchable, keeping: match.kept),
            subject: match.kept.first.map { String(decoding: $0, as: UTF8.self) },
            failureClass: failureClass(entry.pattern, match.groups), pattern: entry.pattern.name,
            phase: entry.pattern.phase)
    }

    /// No command of a package runs while sources and system packages are fetched: then the package is to blame only for what it
    /// asks for.
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

    /// How many lines from the end are looked at for one that says something.
    private static let lastLines = 10_000

    /// The log names no cause: its last line that is not blank and not the runner's.
    private mutating func lastLine(_ isAsPrinted: Bool, _ printed: UnsafeRawBufferPointer) -> LogFinding? {
        var end = text.count
        for _ in 0..<Self.lastLines {
            // Most of a hostile log may be blank: that costs no line.
            while end > 0, LineText.isBlank(text[end - 1]) { end -= 1 }
            guard end > 0 else { return nil }
            let start = Lines.start(of: end, in: text)
            let line = LineText(Array(text[start..<end].suffix(Self.after))[...])
            if !line.isBlank, !Self.isOfRunner(line.indented) {
                let message = Message(at: start..<end, in: text)
                return LogFinding(
                    line: 1 + Lines.count(in: UnsafeRawBufferPointer(rebasing: text[..<start])),
                    range: isAsPrinted ? message.range : range(of: message, in: printed), message: message.text,
                    excerpt: Excerpt.text(around: message.range, in: text), kind: .unknown,
                    origin: origin(of: .unknown),
                    isWeak: true,
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

    /// The last of some lines before `position` that matches, and what its groups matched.
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

    /// The same lines with the codes of terminals that were removed.
    private func range(of message: Message, in printed: UnsafeRawBufferPointer) -> Range<Int> {
        let first = Lines.count(in: UnsafeRawBufferPointer(rebasing: text[..<message.range.lowerBound]))
        let more = Lines.count(in: UnsafeRawBufferPointer(rebasing: text[message.range]))
        let start = Lines.range(of: first, in: printed)
        var end = start.upperBound
        for _ in 0..<more { end = Lines.end(from: end + 1, in: printed) }
        return start.lowerBound..<end
    }
}
