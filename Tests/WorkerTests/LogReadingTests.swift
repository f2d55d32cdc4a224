import PluginMessages
import Testing

@testable import Worker

@Suite struct LogReadingTests {
    private let unbound = LogPattern(
        "unbound", .failure, #"^Error: Unbound (\w+) (\S+)"#, literal: "Error: Unbound", signature: "Unbound $1 $2",
        examples: [])
    private let any = LogPattern("any", .failure, #"^Error: (.+)$"#, signature: "Error: $1", examples: [])

    @Test func theFirstPatternWinsOverEarlierLines() throws {
        let log = "Error: something\nError: Unbound module Fmt\nError: Unbound module Logs\n"
        let finding = try #require(LogReader([unbound, any]).read(log))
        #expect(finding.line == "Error: Unbound module Fmt")
        #expect(finding.signature == "Unbound module Fmt")
    }

    @Test func aMessageGoesOnOverIndentedLines() throws {
        let log = """
            File "a.ml", line 1, characters 4-5:
            Error: This expression has type int but an expression was expected of type
                     string
            make: *** [all] Error 2
            """
        let finding = try #require(LogReader([any]).read(log))
        #expect(
            finding.line == "Error: This expression has type int but an expression was expected of type string")
    }

    @Test func coloursAreNoPartOfALine() throws {
        let finding = try #require(LogReader([any]).read("\u{1B}[1;31mError\u{1B}[0m: no\n"))
        #expect(finding.line == "Error: no")
    }

    @Test func withoutAPatternTheLastLineOfAnErrorTells() throws {
        let finding = try #require(LogReader([]).read("a\nwrong: cannot read /tmp/x-12/y.ml\nleaving\n\n"))
        #expect(finding.line == "wrong: cannot read /tmp/x-12/y.ml")
        #expect(finding.signature == "wrong: cannot read y.ml")
        #expect(LogReader([]).read("\n\n") == nil)
        #expect(LogReader([]).read("compiling a.ml\nleaving\n") == nil)
    }

    @Test(arguments: [
        ("line 38, characters 39-65", "line N, characters N"),
        ("at 0x7ffd00 in int32_add", "at N in int32_add"),
        ("/home/opam/a b/c.ml: no", "a b/c.ml: no"),
        ("commit 0123456789abcdef0123", "commit N"),
        ("x86_64 and v2", "x86_64 and v2"),
    ])
    func signaturesLoseWhatDiffers(line: String, signature: String) {
        #expect(normalized(line) == signature)
    }
}
