import Foundation
import LogReading

/// Reads logs of 64 MiB and prints the CPU time that each took: `LogBenchmark [MIB]`; `LogBenchmark MIB hostile` reads
/// logs that are constructed to be slow, each of one repeated pattern.
@main struct LogBenchmark {
    /// Bytes that are the same in each run.
    private struct LinearCongruence {
        private var state: UInt64 = 1

        mutating func next() -> UInt8 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(state >> 56)
        }
    }

    /// Lines of a build in which nothing fails.
    private static let plain = [
        "  ocamlopt lib/.foo.objs/native/foo__Bar.{cmx,o}",
        "(cd _build/default && ocamlopt.opt -w @1..3@5..28 -strict-sequence -g -I src -o src/foo.cmx -c -impl src/foo.ml)",
        "gcc -O2 -fno-strict-aliasing -fwrapv -pthread -fPIC -D_FILE_OFFSET_BITS=64 -c -I../runtime stubs.c",
        "checking for sys/types.h... yes", "make[2]: Entering directory '/home/opam/build/x'",
        "File \"src/x.ml\", line 3, characters 2-8:", "Warning 27 [unused-var-strict]: unused variable x.",
        "stubs.c:33:41: warning: cast from pointer to integer of different size [-Wpointer-to-int-cast]",
        " CC runtime/domain.n.o", "Installed /home/opam/.opam/lib/x/META", "- Error_handler.ml compiled",
    ]
    private static let ending =
        "File \"src/y.ml\", line 1, characters 1-2:\nError: Unbound module Foo\nmake: *** [all] Error 2\n"

    /// Hostile logs: every line contains a candidate for an error, or none does.
    private static let hostile: [(String, [String])] = [
        ("blank lines", [""]), ("bytes of zero", [String(repeating: "\0", count: 80)]),
        ("returns of the cursor", [String(repeating: "\r", count: 80)]),
        ("blanks", [String(repeating: " ", count: 80)]),
        ("error: something is wrong", ["error: something is wrong"]), ("make: ***", ["make: *** [all] Error 2"]),
        ("Warning: x", ["Warning: something is strange"]),
        ("Unbound module", ["File \"src/x.ml\", line 3, characters 2-8:", "Error: Unbound module Foo"]),
        ("foo: not found", ["foo: not found"]), ("#13 73.79 error: x", ["#13 73.79 error: x"]),
        ("[ERROR] x", ["[ERROR] The compilation failed"]), ("escapes alone", [String(repeating: "\u{1B}", count: 80)]),
        ("codes of terminals", [String(repeating: "\u{1B}[1m", count: 20)]),
        ("codes in short lines", ["\u{1B}[31mx\u{1B}[0m"]),
        ("a log with steps", ["=== begin build: make", "x", "=== end build: exit status 0"]),
        ("build: ld:", ["build: build: ld: ld: build: uild: ld:"]), ("ld: #", ["ld: # ld: #"]),
        ("Error: and nothing", ["Error: "]), ("progress", ["\r 42% [====>    ] 12.3 MB"]),
        ("Chinese and Japanese", ["日本語のログ、エラーではない"]),
    ]

    static func main() {
        let words = CommandLine.arguments.dropFirst()
        let size = (words.first.flatMap { Int($0) } ?? 64) << 20
        if words.last == "hostile" {
            for (name, lines) in hostile { measure(name, Self.log(of: lines, size: size)) }
            var random = LinearCongruence()
            measure("random bytes", (0..<size).map { _ in random.next() })
            return
        }
        let shapes: [(String, [String])] = [
            ("a build", plain), ("a build in colours", plain.map { "\u{1B}[1m\($0)\u{1B}[0m" }),
            ("errors of tests", ["alcotest: error: expected 3", "  connection refused: cannot connect to server"]),
            ("one line", [plain[1].replacing("\n", with: " ")]),
        ]
        for (name, lines) in shapes {
            var number = 0
            let numbered = (0..<size / 64).map { _ in
                defer { number += 1 }
                return "\(lines[number % lines.count]) \(number)"
            }
            measure(name, log(of: numbered, size: size, end: name == "one line" ? " " : "\n") + "\n\(ending)".utf8)
        }
    }

    /// These lines, repeated.
    private static func log(of lines: [String], size: Int, end: String = "\n") -> [UInt8] {
        var log: [UInt8] = []
        log.reserveCapacity(size + 4096)
        var number = 0
        while log.count < size {
            log += lines[number % lines.count].utf8
            log += end.utf8
            number += 1
        }
        return log
    }

    private static func measure(_ name: String, _ log: [UInt8]) {
        var line = 0
        let seconds = (0..<5).map { _ in
            let start = clock()
            line = LogReader.common.read(log)?.line ?? 0
            return Double(clock() - start) / Double(CLOCKS_PER_SEC)
        }
        print("\(name): line \(line) of \(log.count >> 20) MiB, CPU s \(seconds.min() ?? 0) to \(seconds.max() ?? 0)")
    }
}
