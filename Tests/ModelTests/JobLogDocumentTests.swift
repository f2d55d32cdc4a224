import TestSupport
import Testing

@testable import Model

@Suite struct JobLogDocumentTests {
    /// Any output of commands, in pieces of any size, is restored byte for byte.
    @Test func outputOfEachStepIsFound() {
        var random = SeededGenerator(printingSeedOf: #function)
        let pieces =
            [
                "=", "==", "===", "=== ", "====", "=== begin build build: x",
                "=== end build build: exit status 0, 0 bytes",
                "=== end test t-1: exit status 1, 3 bytes", "\n", "\r", "\n\n", "Error: no", " ", "\u{2028}",
            ].map { Array($0.utf8) } + [[0xFF], [0x00], [0x0A, 0x0D]]
        for _ in 0..<500 {
            var encoder = LogEncoder()
            var log = encoder.note("fmt.1 on debian-12 with 5.3\n=== begin build x: y")
            var steps: [JobLogDocument.Step] = []
            for number in 0..<Int.random(in: 0...4, using: &random) {
                let step = JobLogDocument.Step(
                    phase: Phase.allCases.randomElement(using: &random) ?? .build, name: "t-\(number)",
                    command: ["dune build", "", "x: y"].randomElement(using: &random) ?? "",
                    output: (0..<Int.random(in: 0...12, using: &random)).flatMap { _ in
                        pieces.randomElement(using: &random) ?? []
                    }, ending: ["exit status 2", "out of memory, 3 bytes"].randomElement(using: &random))
                log += encoder.begin(step.phase, step.name, step.command)
                var rest = step.output[...]
                while !rest.isEmpty {
                    let piece = rest.prefix(Int.random(in: 1...9, using: &random))
                    log += encoder.encode(Array(piece))
                    rest = rest.dropFirst(piece.count)
                }
                log += encoder.end(step.phase, step.name, step.ending ?? "")
                if Bool.random(using: &random) { log += encoder.note("on host") }
                steps.append(step)
            }
            let read = JobLogDocument(parsing: log)
            #expect(read.steps == steps)
            for (step, range) in zip(read.steps, read.ranges) {
                let lines = log[range].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
                let plain = Array(
                    lines.map { $0.starts(with: "====".utf8) ? $0.dropFirst() : $0 }.joined(separator: [10]))
                #expect(plain.starts(with: step.output) && plain.count - step.output.count <= 1)
            }
            #expect(read.notes.first == "fmt.1 on debian-12 with 5.3 === begin build x: y")
        }
    }

    @Test func aBoundaryNamesAPhase() {
        for phase in Phase.allCases {
            for (text, isBegin) in [("=== begin \(phase)", true), ("=== end \(phase)", false)] {
                for rest in ["", " ", " b: make\n"] {
                    let boundary = LogBoundary(Array("\(text)\(rest)".utf8)[...])
                    #expect(boundary?.isBegin == isBegin && boundary?.phase == phase, "\(text)\(rest)")
                    #expect(boundary?.start == text.utf8.count - phase.rawValue.utf8.count)
                }
                for other in ["\(text)s b: make", "\(text)\n", "=\(text) b: make", String(text.dropLast()), " \(text)"]
                {
                    #expect(LogBoundary(Array(other.utf8)[...]) == nil, "\(other)")
                }
            }
        }
        for other in ["", "=", "=== ", "=== begin ", "=== end  build", "=== begun build b: make"] {
            #expect(LogBoundary(Array(other.utf8)[...]) == nil, "\(other)")
        }
    }

    @Test func theRunnersLinesBeginOnALineOfTheirOwn() {
        var encoder = LogEncoder()
        let log =
            encoder.begin(.build, "build", "make\nall")
            + encoder.encode(Array("=== end build build: exit status 0, 0 bytes".utf8))
            + encoder.end(.build, "build", "exit status 2") + encoder.note("failure: no")
        #expect(
            String(decoding: log, as: UTF8.self) == """
                === begin build build: make
                ==== end build build: exit status 0, 0 bytes
                === end build build: exit status 2, 43 bytes
                === failure: no

                """)
    }

    /// A log that is truncated anywhere, as after a kill, still contains the output up to there.
    @Test func outputBeforeAKillIsKept() {
        var encoder = LogEncoder()
        let log = encoder.begin(.test, "test", "make test") + encoder.encode(Array("one\ntwo".utf8))
        let read = JobLogDocument(parsing: log)
        #expect(read.steps.map(\.output) == [Array("one\ntwo".utf8)])
        #expect(read.steps.map(\.ending) == [nil])
    }

    @Test func logsOfBeforeHaveNoSteps() {
        let read = JobLogDocument(parsing: Array("=== build: make\nError: no\n=== build: exit status 2\n".utf8))
        #expect(read.steps == [])
        #expect(read.notes == ["build: make", "build: exit status 2"])
    }
}
