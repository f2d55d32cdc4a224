internal import Foundation
package import PluginMessages

/// Finds the line of a log that tells why a step failed.
///
/// - SeeAlso: `docs/decisions/0200-expressions-of-our-own.md`
package struct LogReader: Sendable {
    /// Bytes that an excerpt has at most.
    package static let longestExcerpt = 1024
    /// Bytes that a literal of a pattern has at least.
    package static let shortestLiteral = LiteralScanner.shortest

    /// A pattern with its expressions.
    struct Entry: Sendable {
        var pattern: LogPattern
        var expression: Expression
        var exclusion: Expression?
        var preceding: Expression?

        /// Nil if an expression is none.
        init?(_ pattern: LogPattern) {
            self.pattern = pattern
            do {
                expression = try Expression(pattern.expression)
                exclusion = try pattern.exclusion.map { source throws(Expression.SyntaxError) in try Expression(source)
                }
                preceding = try pattern.preceding.map { source throws(Expression.SyntaxError) in try Expression(source)
                }
            } catch {
                return nil
            }
        }

        /// A package is missing from the lists of a package manager also where those could not be fetched: in the phase that
        /// installs system packages, a line about a mirror has the higher precedence, and one about anything else, such as a
        /// command that a package's script lacks, a lower one.
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
    /// The literals of the entries that are tried wherever a literal is.
    let direct: LiteralTable
    /// The literals of the entries that count only if nothing better is found, the last of them.
    let vague: LiteralTable
    /// The entries without literals.
    let lastLinesOnly: [Int]

    /// Literals, and for each the entries that have it.
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

    /// Knows the common patterns only.
    package static let common = LogReader([])

    /// - Parameter patterns: of a distribution; they come before the common ones and replace those of the same name.
    package init(_ patterns: [LogPattern]) {
        let names = Set(patterns.map(\.name))
        self.init(only: patterns + CommonPatterns.all.filter { !names.contains($0.name) })
    }

    /// Knows `patterns` and no others.
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

    /// What the lines of `log` say in `range`; nil if there are only blank lines.
    ///
    /// - Parameters:
    ///   - range: the bytes that count; line numbers and ranges are those of the whole log.
    ///   - phase: of the step that printed them, where it is known.
    /// - Complexity: O(bytes): few lines are compared with expressions, and at most ``LogScan/mostWork`` bytes and steps of them.
    package func read(
        _ log: UnsafeRawBufferPointer, in range: Range<Int>? = nil, phase: LogPattern.Phase? = nil
    ) -> LogFinding? {
        var work = 0
        return read(log, in: range, phase: phase, countingWork: &work)
    }

    /// - Parameter work: bytes that were scanned or compared with an expression are added.
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

    /// The text without what differs between failures that are equal.
    package static func signature(of text: String) -> String {
        Signature.of(Array(text.utf8), keeping: [])
    }

    /// What `log` says.
    package func read(_ log: [UInt8], phase: LogPattern.Phase? = nil) -> LogFinding? {
        log.withUnsafeBytes { read($0, phase: phase) }
    }
}
