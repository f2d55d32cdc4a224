import Model
import Testing

@testable import Pages

@Suite struct LogStepsTests {
    @Test func everyLineIsInOneStepUnderItsNumber() {
        var encoder = LogEncoder()
        var log = encoder.note("on a machine")
        log += encoder.begin(.build, "dune-build", "dune build")
        log += encoder.encode(Array("one\n=== begin x y: z\ntwo".utf8))
        log += encoder.end(.build, "dune-build", "exit status 1")
        let steps = LogSteps(log).steps
        #expect(steps.map(\.phase) == [nil, .build])
        #expect(steps.map(\.firstLine) == [1, 2])
        let lines = steps.flatMap(\.lines).map { String(decoding: $0, as: UTF8.self) }
        #expect(lines.joined(separator: "\n") + "\n" == String(decoding: log, as: UTF8.self))
    }

    @Test func aLogWithoutStepsIsOne() {
        let steps = LogSteps(Array("a\nb".utf8)).steps
        #expect(steps.count == 1 && steps[0].lines.count == 2 && steps[0].phase == nil)
        #expect(LogSteps([]).steps.isEmpty)
    }
}
