import OpamFormat
import TestSupport
import Testing

/// No bytes crash a parser or make it run forever; parsed files are parsed to the same value after printing.
@Suite struct FuzzTests {
    private let rounds = LongForm.isWanted ? 100_000 : 1_500

    /// Parses the bytes as every kind of file, reads all fields, prints and parses again.
    private func exercise(_ bytes: [UInt8], _ comment: String) {
        _ = try? InstallFile(parsing: bytes, file: "fuzz")
        _ = try? ConfigFile(parsing: bytes, file: "fuzz")
        if let file = try? OpamFile(parsing: bytes, file: "fuzz") {
            _ = file.problems()
            _ = file.depends.filtered(in: { _ in .string("%{x") }, scope: DependencyScope())
            _ = file.build.words { _ in nil }
        }
        guard let tree = try? SyntaxTree(parsing: bytes, file: "fuzz") else { return }
        let printed = Printer.text(of: tree)
        let again = try? SyntaxTree(parsing: Array(printed.utf8), file: "fuzz")
        if again?.items != tree.items { Issue.record("\(comment): printing changes \(bytes)") }
    }

    @Test func randomBytes() {
        var generator = SeededGenerator()
        for round in 0..<rounds {
            let count = Int.random(in: 0...60, using: &generator)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            exercise(bytes, "seed \(generator.seed), round \(round)")
        }
    }

    /// Tokens in any order: mostly wrong, but deep inside the parser.
    @Test func randomTokens() {
        var generator = SeededGenerator()
        let tokens = [
            "a", "depends:", "b:", ":", "{", "}", "[", "]", "(", ")", "\"x\"", "\"\"\"y\"\"\"", "\"", "1", "-2",
            "true", "=", "!=", ">=", "&", "|", "!", "?", "+=", "=+=", "#c\n", "(*", "*)", "\\", "\"1.0\"",
            "url", "x:installed", "é", "%{x}%", "~", "\r\n", "build:", "available:", "with-test",
        ]
        for round in 0..<rounds {
            let count = Int.random(in: 1...25, using: &generator)
            let text = (0..<count).map { _ in tokens.randomElement(using: &generator) ?? "" }.joined(separator: " ")
            exercise(Array(text.utf8), "seed \(generator.seed), round \(round)")
        }
    }

    @Test(.enabled(if: SharedRepository.isPresent, "needs ../shared/opam-repository.git.tar"))
    func mutatedRealFiles() {
        var generator = SeededGenerator()
        let files = SharedRepository.files.map(\.bytes).filter { $0.count < 4_000 }
        for round in 0..<rounds / 3 {
            guard var bytes = files.randomElement(using: &generator) else { return }
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                mutate(&bytes, files.randomElement(using: &generator) ?? [], &generator)
            }
            exercise(bytes, "seed \(generator.seed), round \(round)")
        }
    }

    private func mutate(_ bytes: inout [UInt8], _ other: [UInt8], _ generator: inout SeededGenerator) {
        guard !bytes.isEmpty else { return }
        let start = Int.random(in: 0..<bytes.count, using: &generator)
        let end = min(bytes.count, start + Int.random(in: 0...20, using: &generator))
        switch Int.random(in: 0...3, using: &generator) {
        case 0: bytes[start] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes.removeSubrange(start..<end)
        case 2: bytes.insert(contentsOf: bytes[start..<end], at: start)
        default:
            let cut = Int.random(in: 0...other.count, using: &generator)
            bytes.insert(contentsOf: other[cut..<min(other.count, cut + 30)], at: start)
        }
    }
}

/// Files generated from the grammar, with every allowed layout, have the same value after printing.
@Suite struct GeneratedFileTests {
    private struct Writer {
        var generator: SeededGenerator

        mutating func number(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &generator) }

        mutating func pick(_ texts: [String]) -> String { texts[number(texts.count)] }

        mutating func blank() -> String { pick([" ", "\n", "\t", " (* c *) ", " # c\n", "  ", "\r\n"]) }

        mutating func several(_ body: (inout Writer) -> String) -> String {
            (0..<number(4)).map { _ in body(&self) }.joined(separator: blank())
        }

        mutating func atom() -> String {
            pick([
                "\"x\"", "\"a\\\"b\\\\\"", "\"\"\"t \"\" q\nu\"\"\"", "\"\\065\\x42\\n\"", "name", "a:b", "a+b:enable",
                "7",
                "-3", "true", "false", "\"\"", "\"%{v}%\"", "\"é\r\n\\\r\n  z\"",
            ])
        }

        mutating func value(_ depth: Int) -> String {
            if depth == 0 { return atom() }
            switch number(9) {
            case 0: return "[\(blank())\(several { $0.value(depth - 1) })\(blank())]"
            case 1: return "(\(several { $0.value(depth - 1) }))"
            case 2: return "(\(value(depth - 1)))\(blank()){\(several { $0.value(depth - 1) })}"
            case 3: return (0...number(3)).map { _ in "(\(value(depth - 1)))" }.joined(separator: blank() + "&")
            case 4: return (0...number(3)).map { _ in value(depth - 1) }.joined(separator: blank() + "|")
            case 5: return pick(["!", "?"]) + blank() + "(" + value(depth - 1) + ")"
            case 6: return atom() + pick(["=", "!=", "<", "<=", ">", ">="]) + blank() + atom()
            case 7: return pick(["=", "!=", "<", "<=", ">", ">="]) + blank() + atom()
            default: return "V" + blank() + pick(["+=", "=+", ":=", "=:", "=+="]) + blank() + atom()
            }
        }

        mutating func item(_ depth: Int) -> String {
            if depth == 0 || number(4) > 0 { return pick(["f", "depends", "x-y"]) + " :" + blank() + value(3) }
            let title = pick(["", "\"t\"", "\"\"\"u\n\"\"\""])
            return "s " + title + blank() + "{ " + several { $0.item(depth - 1) } + " }"
        }
    }

    @Test func printingThenParsingGivesTheSame() throws {
        var writer = Writer(generator: SeededGenerator())
        for round in 0..<(LongForm.isWanted ? 20_000 : 600) {
            let text = writer.several { $0.item(2) }
            let tree = try SyntaxTree(parsing: Array(text.utf8), file: "generated")
            let printed = Printer.text(of: tree)
            let again = try SyntaxTree(parsing: Array(printed.utf8), file: "printed")
            if tree.items != again.items { Issue.record("seed \(writer.generator.seed), round \(round): \(text)") }
        }
    }
}
