import Foundation
import TestSupport
import Testing

/// `ci classify`: prints the findings in a log, as JSON.
@Suite struct ClassifyCommandTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func classify(_ arguments: String..., input: String = "") throws -> Program.Ending {
        let debug = URL(filePath: try BuiltProgram.path(of: "ciso-plugin-host")).deletingLastPathComponent().path
        return try Program(
            [BuiltProgram.path(of: "ci"), "classify", "--plugin-path", "\(debug)/libCisoDebian.so"] + arguments,
            in: directory.path, environment: ["PATH": "/usr/bin:/bin", "HOME": directory.path], input: input
        ).run()
    }

    private struct Answer: Decodable, Equatable {
        var line: Int
        var kind: String
        var origin: String
        var weak: Bool
        var signature: String
        var excerpt: String
        var phase: String?
        var pattern: String?
        var offset: Int
        var length: Int
    }

    private func answer(_ ending: Program.Ending) throws -> Answer {
        #expect(ending.status == 0, "\(ending)")
        return try JSONDecoder().decode(Answer.self, from: Data(ending.output.utf8))
    }

    private let log = "CC a.o\na.c:3:1: error: no \u{1B}[1mway\u{1B}[0m\nmake: *** [a.o] Error 1\n"

    /// Such a file is read instead of mapped, because it may become shorter.
    @Test func aFileThatIsBeingWrittenIsReadLikeOthers() throws {
        try directory.write(log, to: "log")
        let mapped = try answer(classify("log"))
        let writer = try FileHandle(forWritingTo: URL(filePath: directory("log")))
        defer { try? writer.close() }
        #expect(try answer(classify("log")) == mapped)
        #expect(try answer(classify("-", input: log)) == mapped)
    }

    @Test func aFileAndStandardInputAreReadAlike() throws {
        try directory.write(log, to: "log")
        let read = try answer(classify("log"))
        #expect((read.line, read.kind, read.origin, read.weak) == (2, "c-error", "package", false))
        #expect(read.signature == "error: no way" && read.excerpt.contains("a.c:3:1: error: no way"))
        #expect(read.offset == 7 && read.length == 30 && read.phase == "build")
        #expect(try answer(classify(input: log)) == read)
        #expect(try answer(classify("-", input: log)) == read)
        #expect(try answer(classify("--format", "json", "--phase", "build", "log")) == read)
        let text = try classify("--format", "text", "log")
        #expect(text.status == 0 && text.output.hasPrefix("line 2: a.c:3:1: error: no way\nc-error, the package"))
    }

    @Test func errorsWithoutACauseAreWeak() throws {
        let weak = try answer(classify(input: "x\nmake: *** [a.o] Error 1\nbye\n"))
        #expect((weak.line, weak.kind, weak.weak) == (2, "unknown", true))
        let none = try answer(classify(input: "x\nbye\n\n"))
        #expect((none.line, none.kind, none.weak, none.origin) == (2, "unknown", true, "package"))
        let empty = try answer(classify(input: "\n\n"))
        #expect((empty.line, empty.weak, empty.signature) == (0, true, ""))
    }

    /// The phase determines the origin; the plugin's patterns take precedence.
    @Test func phasesAndTargetsCount() throws {
        let unknown = "E: Unable to locate package libfoo\n"
        #expect(try answer(classify("--phase", "depext", input: unknown)).origin == "package")
        let plugins = try answer(classify("--target", "debian-12", "--phase", "depext", input: unknown))
        #expect(plugins.pattern == "apt-unknown-package" && plugins.kind == "missing-system-package")
        #expect(
            try answer(classify("--phase", "fetch", input: "ln: /x: No such file or directory\n")).origin
                == "infrastructure")
        #expect(
            try answer(classify("--phase", "build", input: "ln: /x: No such file or directory\n")).origin == "package")
    }

    /// Of a log written by ciso, the last failed step, in its phase.
    @Test func aLogOfOursIsReadInItsFailedStep() throws {
        let log = """
            === a.1 on debian-12 with 5.3
            === begin configure configure: ./configure
            configure: error: but it went on
            === end configure configure: exit status 0, 33 bytes
            === begin test run: make test
            ==== FAIL ===
            FAIL: one
            === end test run: exit status 2, 24 bytes
            === failure: Error: Unbound module X

            """
        let read = try answer(classify(input: log))
        #expect((read.line, read.phase, read.kind) == (7, "test", "test-failure"))
    }

    @Test func mistakesAreNamed() throws {
        let phase = try classify("--phase", "biuld", input: log)
        #expect(phase.status == 2 && phase.messages.contains("fetch, depext, configure, build, test, install"))
        let target = try classify("--target", "debian-99", input: log)
        #expect(target.status == 2 && target.messages.contains("99"))
        let file = try classify("nowhere")
        #expect(file.status == 2 && file.messages.contains("nowhere"))
        #expect([phase, target, file].allSatisfy { $0.output.isEmpty })
    }
}
