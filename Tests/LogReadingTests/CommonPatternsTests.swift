import PluginMessages
import Testing

@testable import LogReading

@Suite struct CommonPatternsTests {
    @Test func everyPatternCompiles() {
        for pattern in CommonPatterns.all {
            for source in [pattern.expression, pattern.exclusion, pattern.preceding].compactMap({ $0 }) {
                #expect(throws: Never.self, "\(pattern.name): \(source)") { try Expression(source) }
            }
        }
        #expect(LogReader.common.entries.count == CommonPatterns.all.count)
        #expect(Set(CommonPatterns.all.map(\.name)).count == CommonPatterns.all.count)
    }

    /// A pattern without them would be tried on the last lines only.
    @Test func everyPatternHasLiterals() {
        #expect(LogReader.common.lastLinesOnly.isEmpty)
        for pattern in CommonPatterns.all {
            #expect(pattern.literals?.isEmpty == false, "\(pattern.name)")
        }
    }

    @Test(arguments: CommonPatterns.all) func examplesGiveTheirSignatures(pattern: LogPattern) throws {
        let reader = LogReader(only: [pattern])
        #expect(!pattern.examples.isEmpty)
        for example in pattern.examples {
            let finding = try #require(reader.read(Array(example.line.utf8)))
            #expect(finding.pattern == pattern.name, "\(example.line)")
            #expect(finding.signature == example.signature, "\(example.line)")
        }
        #expect(try !Expression(pattern.expression).matches([]))
    }

    @Test func aPluginsPatternReplacesTheCommonOneOfItsName() throws {
        let own = LogPattern(
            "no-space", .runner, "No space left on (\\w+)", literals: ["No space left"], class: "full $1",
            examples: [.init("No space left on device", "No space left on device")])
        let log = Array("cp: x: No space left on device\n".utf8)
        let finding = try #require(LogReader([own]).read(log))
        #expect(finding.kind == .runner && finding.failureClass == "full device" && finding.subject == "device")
        #expect(LogReader.common.read(log)?.kind == .noSpace)
    }

    /// A broken pattern of a plugin must not keep the others from being read.
    @Test func anInvalidPatternIsLeftOut() {
        let broken = LogPattern("x", .cError, "a(", literals: ["error: x"], examples: [])
        #expect(LogReader([broken]).read(Array("a.c:1: error: x\n".utf8))?.pattern == "c-error")
    }
}
