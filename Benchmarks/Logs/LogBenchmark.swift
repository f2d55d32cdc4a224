import Foundation
import LogReading

/// Reads logs of 64 MiB and prints the CPU time that each took: `LogBenchmark [MIB]`.
@main struct LogBenchmark {
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

    static func main() {
        let size = (CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 64) << 20
        let shapes: [(String, [String])] = [
            ("a build", plain), ("a build in colours", plain.map { "\u{1B}[1m\($0)\u{1B}[0m" }),
            ("errors of tests", ["alcotest: error: expected 3", "  connection refused: cannot connect to server"]),
            ("one line", [plain[1].replacing("\n", with: " ")]),
        ]
        for (name, lines) in shapes {
            var log: [UInt8] = []
            var number = 0
            while log.count < size {
                log += lines[number % lines.count].utf8
                log += " \(number)".utf8
                log.append(name == "one line" ? UInt8(ascii: " ") : UInt8(ascii: "\n"))
                number += 1
            }
            log += "\n\(ending)".utf8
            var line = 0
            let seconds = (0..<5).map { _ in
                let start = clock()
                line = LogReader.common.read(log)?.line ?? 0
                return Double(clock() - start) / Double(CLOCKS_PER_SEC)
            }
            print(
                "\(name): line \(line) of \(log.count >> 20) MiB, CPU s \(seconds.min() ?? 0) to \(seconds.max() ?? 0)")
        }
    }
}
