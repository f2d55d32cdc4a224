internal import Foundation
package import PluginMessages

/// Finds the line of a log that explains why a step failed.
///
/// - SeeAlso: `docs/decisions/0200-expressions-of-our-own.md`
package struct LogReader: Sendable {
    /// The maximum size of an excerpt in bytes.
    package static let longestExcerpt = 1024
    /// The minimum size of a pattern's literal in bytes.
    package static let shortestLiteral = LiteralScanner.shortest

    /// A pattern with its compiled expressions.
    struct Entry: Sendable {
        var pattern: LogPattern
        var expression: Expression
        var exclusion: Expression?
        var preceding: Expression?

        /// Nil if an expression is invalid.
        init?(_ pattern: LogPattern) {
            self.pattern = pattern
            do {
                expression = try Expression(pattern.expression)
                exclusion = try Self.expression(pattern.exclusion)
                preceding = try Self.expression(pattern.preceding)
            } catch {
                return nil
            }
        }

        private static func expression(_ source: String?) throws(Expression.SyntaxError) -> Expression? {
            guard let source else { return nil }
            return try Expression(source)
        }

        /// The precedence in a phase.
        ///
        /// In the phase that installs system packages, a package may be missing only because the package lists could
        /// not be fetched. So a line about a missing package has a lower precedence than one about a mirror, and any
        /// other line, such as one about a command that a package's script lacks, has an even lower one.
        func precedence(in phase: LogPattern.Phase?) -> LogPattern.Precedence {
            let own = pattern.precedence ?? .cause
            if phase == .depext, pattern.kind.origin == .package {
                return max(own, pattern.kind == .missingSystemPackage ? .likely : .possible)
            }
            guard let phase, let phases = pattern.phases, !phases.contains(phase) else { return own }
            return max(own, .possible)
        }
    }

    let entries: [Entry]
    /// The literals of entries that are tried wherever a literal occurs.
    let direct: LiteralTable
    /// The literals of vague entries, of which the last match is used if there is nothing better.
    let vague: LiteralTable
    /// The entries without literals.
    let lastLinesOnly: [Int]

    /// Literals with the entries that they belong to.
    struct LiteralTable: Sendable {
        let scanner: LiteralScanner
        let entries: [[Int]]

        /// - Parameter entries: the numbers of entries with their literals.
        init(_ entries: [(number: Int, literals: [String])]) {
            var numbers: [String: Int] = [:]
            var (literals, entriesOfLiterals): ([String], [[Int]]) = ([], [])
            for (number, own) in entries {
                for literal in Set(own) {
                    if let known = numbers[literal] {
                        entriesOfLiterals[known].append(number)
                    } else {
                        numbers[literal] = literals.count
                        literals.append(literal)
                        entriesOfLiterals.append([number])
                    }
                }
            }
            scanner = LiteralScanner(literals)
            self.entries = entriesOfLiterals
        }
    }

    /// A reader with only the common patterns.
    package static let common = LogReader([])

    /// - Parameter patterns: the patterns of a distribution; they precede the common ones and replace those with equal
    ///   names.
    package init(_ patterns: [LogPattern]) {
        let names = Set(patterns.map(\.name))
        self.init(only: patterns + CommonPatterns.all.filter { !names.contains($0.name) })
    }

    /// A reader with only these patterns.
    package init(only patterns: [LogPattern]) {
        entries = patterns.compactMap(Entry.init)
        var (direct, vague): ([(Int, [String])], [(Int, [String])]) = ([], [])
        var lastLinesOnly: [Int] = []
        for (number, entry) in entries.enumerated() {
            let own = entry.pattern.literals ?? []
            if own.isEmpty || own.contains(where: { $0.utf8.count < LiteralScanner.shortest }) {
                lastLinesOnly.append(number)
            } else if entry.pattern.precedence == .vague {
                vague.append((number, own))
            } else {
                direct.append((number, own))
            }
        }
        (self.direct, self.vague) = (LiteralTable(direct), LiteralTable(vague))
        self.lastLinesOnly = lastLinesOnly
    }

    /// The error in the lines of `range`; nil if there are only blank lines.
    ///
    /// - Parameters:
    ///   - range: the bytes to search; line numbers and ranges refer to the whole log.
    ///   - phase: the phase of the step that printed them, if known.
    /// - Complexity: O(bytes): few lines are compared with expressions, limited by ``LogScan/workLimit`` bytes and
    ///   steps.
    package func read(
        _ log: UnsafeRawBufferPointer, in range: Range<Int>? = nil, phase: LogPattern.Phase? = nil
    ) -> LogFinding? {
        var work = 0
        return read(log, in: range, phase: phase, countingWork: &work)
    }

    /// - Parameter work: is increased by the number of bytes that were scanned or compared with an expression.
    func read(
        _ log: UnsafeRawBufferPointer, in range: Range<Int>? = nil, phase: LogPattern.Phase? = nil,
        countingWork work: inout Int
    ) -> LogFinding? {
        let range = range ?? 0..<log.count
        let part = UnsafeRawBufferPointer(rebasing: log[range])
        let plain = TerminalCodes.removed(from: part)
        let finding = (plain ?? []).withUnsafeBytes { cleaned in
            let text = plain == nil ? part : cleaned
            var scan = LogScan(self, text, phase)
            defer { work += text.count + scan.work }
            return scan.finding(isAsPrinted: plain == nil, printed: part)
        }
        guard var finding else { return nil }
        finding.line += Lines.count(in: UnsafeRawBufferPointer(rebasing: log[..<range.lowerBound]))
        finding.range = finding.range.lowerBound + range.lowerBound..<finding.range.upperBound + range.lowerBound
        return finding
    }

    /// The text without parts that differ between equal failures.
    package static func signature(of text: String) -> String {
        Signature.of(Array(text.utf8), keeping: [])
    }

    /// The error in `log`.
    package func read(_ log: [UInt8], phase: LogPattern.Phase? = nil) -> LogFinding? {
        log.withUnsafeBytes { read($0, phase: phase) }
    }
}
