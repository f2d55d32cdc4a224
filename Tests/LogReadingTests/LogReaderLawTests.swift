import Foundation
import PluginMessages
import TestSupport
import Testing

@testable import LogReading

/// Properties of every log.
@Suite struct LogReaderLawTests {
    private static let examples = ReferenceExample.variants

    private func read(_ text: String, phase: LogPattern.Phase? = nil) throws -> LogFinding {
        try #require(LogReader.common.read(Array(text.utf8), phase: phase))
    }

    /// The line number, the byte range and the excerpt are of the log that was read.
    @Test(arguments: examples) func theLocationIsInTheLog(example: ReferenceExample) throws {
        let log = Array(example.text.utf8)
        let finding = try read(example.text)
        let lines = log.split(separator: 10, omittingEmptySubsequences: false)
        #expect((1...lines.count).contains(finding.line))
        #expect(finding.range.upperBound <= log.count && !finding.range.isEmpty)
        #expect(log[..<finding.range.lowerBound].count { $0 == 10 } == finding.line - 1)
        #expect(finding.excerpt.utf8.count <= LogReader.longestExcerpt)
        let first = String(decoding: log[finding.range].prefix { $0 != 10 }, as: UTF8.self)
        #expect(finding.excerpt.contains(first.trimmingCharacters(in: .whitespaces)))
    }

    /// Unrelated lines before the log shift the finding by as many lines, and change nothing else.
    @Test(arguments: examples) func linesBeforeMoveIt(example: ReferenceExample) throws {
        let alone = try read(example.text)
        for count in [1, 7, 500] {
            let before = String(repeating: "CC src/module.o\n", count: count)
            let finding = try read(before + example.text)
            #expect(finding.line == alone.line + count)
            #expect(finding.range.lowerBound == alone.range.lowerBound + before.utf8.count)
            #expect(finding.signature == alone.signature && finding.kind == alone.kind)
        }
    }

    /// Line ends, colours, time stamps and prefixes of other tools do not change the finding.
    @Test(arguments: examples) func decorationsMakeNoDifference(example: ReferenceExample) throws {
        let alone = try read(example.text)
        let lines = example.text.split(separator: "\n", omittingEmptySubsequences: false)
        let dresses: [(Substring) -> String] = [
            { "\($0)\r" }, { "\u{1B}[31m\($0)\u{1B}[0m" }, { "2026-01-02T03:04:05.678Z \($0)" }, { "[  73s] \($0)" },
            { "#13 73.79 \($0)" }, { "2026-01-02 03:04.05: \($0)" }, { "> \($0)" }, { "10%\r20%\r\($0)" },
        ]
        for (number, dress) in dresses.enumerated() {
            let finding = try read(lines.map(dress).joined(separator: "\n"))
            #expect(finding.line == alone.line, "dress \(number): \(finding)")
            #expect(finding.signature == alone.signature, "dress \(number)")
            #expect((finding.kind, finding.origin, finding.isWeak) == (alone.kind, alone.origin, alone.isWeak))
        }
    }

    @Test(arguments: examples) func aSignatureIsItsOwnSignature(example: ReferenceExample) throws {
        let signature = LogReader.signature(of: try read(example.text).message)
        #expect(LogReader.signature(of: signature) == signature)
        #expect(!signature.isEmpty)
    }

    /// The phase determines the origin and which of several lines is reported; a single message is always found.
    @Test(arguments: examples, LogPattern.Phase.allCases)
    func inEveryPhaseALineIsFound(example: ReferenceExample, phase: LogPattern.Phase) throws {
        let finding = try read(example.text, phase: phase)
        #expect(finding.isWeak == example.isWeak, "\(finding)")
    }

    // MARK: Hostile logs

    @Test func anyBytesAreRead() throws {
        var random = SeededGenerator(printingSeedOf: #function)
        let pieces =
            ["Error: ", "\n", "\r", "\u{1B}[", "\u{1B}]0;", "\0", "error: ", "*** [", "é", " ", "=== "]
            .map { Array($0.utf8) } + [[0xFF], [0xE2, 0x80], [0x1B], [0x0E], [0xF5]]
        for _ in 0..<300 {
            let log = (0..<Int.random(in: 0...60, using: &random)).flatMap { _ in
                Bool.random(using: &random)
                    ? pieces.randomElement(using: &random)! : [UInt8.random(in: 0...255, using: &random)]
            }
            guard let finding = LogReader.common.read(log) else { continue }
            #expect(finding.range.upperBound <= log.count)
            #expect(log[..<finding.range.lowerBound].count { $0 == 10 } == finding.line - 1)
            #expect(finding.excerpt.utf8.count <= LogReader.longestExcerpt)
            #expect(finding.excerpt.unicodeScalars.allSatisfy { $0.value >= 0x20 || $0 == "\n" || $0 == "\t" })
            #expect(finding.signature.unicodeScalars.allSatisfy { $0.value >= 0x20 })
        }
        #expect(LogReader.common.read([]) == nil)
        #expect(LogReader.common.read(Array(" \n\r\n\t\n".utf8)) == nil)
    }

    @Test func linesAreCounted() {
        var random = SeededGenerator(printingSeedOf: #function)
        let bytes: [UInt8] = [10, 10, 0x8A, 0, 0x0B, 0x09, 0xFF, 65]
        for length in Array(0...40) + [2_031, 2_032, 2_033, 5_000] {
            for text in [
                (0..<length).map { _ in bytes.randomElement(using: &random)! }, [UInt8](repeating: 10, count: length),
            ] {
                #expect(text.withUnsafeBytes { Lines.count(in: $0) } == text.count { $0 == 10 })
                let lines = text.split(separator: 10, omittingEmptySubsequences: false)
                let number = Int.random(in: lines.indices, using: &random)
                let range = text.withUnsafeBytes { Lines.range(of: number, in: $0) }
                #expect(Array(text[range]) == Array(lines[number]))
            }
        }
    }

    @Test func anErrorInAVeryLongLineIsFound() throws {
        let long = String(repeating: "x", count: 10 << 20)
        let finding = try read("\(long) a.c:3:4: error: no\nmake: *** [a.o] Error 1\n")
        #expect(finding.line == 1 && finding.excerpt.contains("error: no") && finding.excerpt.utf8.count <= 1024)
        let later = try read("\(long)\0\na.c:3:4: error: no\n")
        #expect(later.line == 2 && later.kind == .cError)
    }

    /// The work is proportional to the log, also where every line looks like an error or none does.
    @Test func theWorkIsLinear() throws {
        let shapes: [String] = [
            "CC src/module.o\n", "warning: unused\n", "error: \n", "Error: \u{1B}[1mx\n",
            "x error: y Error: z failed: \n",
            "/bin/sh: 1: : not found", "make: *** [", "undefined reference to ", "a/b/c/d/e/f/g/h/",
        ]
        for shape in shapes {
            var work: [Int] = []
            for size in [1 << 16, 1 << 17, 1 << 18] {
                let log = Array(String(repeating: shape, count: size / shape.utf8.count).utf8)
                var own = 0
                _ = log.withUnsafeBytes { LogReader.common.read($0, countingWork: &own) }
                work.append(own - min(own, LogScan.workLimit))
                // A search that has begun continues to its own limit.
                #expect(own <= log.count + LogScan.workLimit + 1 << 20, "'\(shape)': \(own)")
            }
            #expect(work[2] <= 2 * max(work[1], 1 << 17), "'\(shape)': \(work)")
        }
    }

    // MARK: Which line

    @Test func theRunnersLinesAreNotRead() throws {
        let log =
            "=== build: exit status 127\nfoo bar\n=== begin build x: error: no\n=== failure: Error: Unbound module X\n"
        let finding = try read(log)
        #expect(finding.line == 2 && finding.isWeak && finding.kind == .unknown && finding.pattern == nil)
    }

    @Test func aLogWithoutACauseGivesItsLastLine() throws {
        let finding = try read("compiling a.ml\nleaving\n\n \n")
        #expect(finding.line == 2 && finding.isWeak && finding.signature == "leaving" && finding.origin == .package)
    }

    @Test func locationsInAPartOfALogAreThoseOfTheWhole() throws {
        let log = Array("Error: Unbound module A\nx\nError: Unbound module B\nError: Unbound module C\n".utf8)
        let finding = log.withUnsafeBytes { LogReader.common.read($0, in: 24..<50) }
        #expect(finding?.line == 3 && finding?.subject == "B" && finding?.range == 26..<49)
    }

    @Test func aHigherPrecedenceWinsOverAnEarlierLine() throws {
        let log = """
            sh: 1: git: not found
            configure: WARNING: no git
            x.c:1:2: error: expected ';'
            y.c:1:2: error: expected ')'
            make: *** [x.o] Error 1
            """
        let finding = try read(log)
        #expect(finding.line == 3 && finding.phase == .build)
        #expect(finding.failureClass == "C error")
    }

    /// A network message printed by a package's build has a lower precedence than a compiler's message.
    @Test func patternsOfOtherPhasesComeLast() throws {
        let log =
            "ssh: connect to host x.org port 22: Connection refused\nFile \"a.ml\", line 1:\nError: Unbound module X\n"
        #expect(try read(log, phase: .build).kind == .missingModule)
        #expect(try read(log, phase: .fetch).kind == .network)
    }
}
