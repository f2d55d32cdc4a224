import TestSupport
import Testing

@testable import OpamFormat

/// A value that is accepted without being parsed can be parsed.
@Suite struct PlainValueTests {
    private static func check<Content>(_ field: TypedField<Content>, _ value: Value) -> (isPlain: Bool, isRead: Bool) {
        let isRead: Bool
        do throws(FieldError) {
            _ = try field.decode(value)
            isRead = true
        } catch {
            isRead = false
        }
        return (field.isPlain?(value) ?? false, isRead)
    }

    /// Every field whose form is checked, by name.
    private static let checks: [(name: String, check: @Sendable (Value) -> (isPlain: Bool, isRead: Bool))] = [
        ("build", { check(.build, $0) }), ("patches", { check(.patches, $0) }), ("substs", { check(.substs, $0) }),
        ("depexts", { check(.depexts, $0) }), ("synopsis", { check(.synopsis, $0) }), ("tags", { check(.tags, $0) }),
        ("messages", { check(.messages, $0) }),
    ]

    private struct Writer {
        var generator = SeededGenerator()

        mutating func value(_ depth: Int) -> String {
            let atoms = ["\"x\"", "name", "a:b", "a b:c", "7", "true", "a+b:enable", ":x"]
            let kind = Int.random(in: 0..<(depth == 0 ? 4 : 9), using: &generator)
            switch kind {
            case 0, 1: return "\"x\""
            case 2, 3: return atoms.randomElement(using: &generator) ?? ""
            case 4, 5: return "[\(list(depth))]"
            case 6: return "\(value(depth - 1)) {\(list(depth))}"
            case 7: return ["!", "?"].randomElement(using: &generator).map { $0 + value(depth - 1) } ?? ""
            default:
                let joint = ["&", "|", "=", "<"].randomElement(using: &generator) ?? ""
                return "(\(value(depth - 1)) \(joint) \(value(depth - 1)))"
            }
        }

        private mutating func list(_ depth: Int) -> String {
            (0..<Int.random(in: 0...3, using: &generator)).map { _ in value(depth - 1) }.joined(separator: " ")
        }
    }

    @Test func plainValuesCanBeRead() {
        var writer = Writer()
        var plain: [String: Int] = [:]
        for round in 0..<20_000 {
            let text = writer.value(4)
            guard let value = try? SyntaxTree.parseValue(Array(text.utf8), file: "value") else { continue }
            for (name, check) in Self.checks {
                let (isPlain, isRead) = check(value)
                if isPlain { plain[name, default: 0] += 1 }
                if isPlain, !isRead {
                    Issue.record("seed \(writer.generator.seed), round \(round): \(name): \(text)")
                }
            }
        }
        #expect(plain.count == Self.checks.count, "the generator makes no plain value of some fields: \(plain)")
    }

    /// Fields whose values were read already still count as known and repeated.
    @Test func knownFieldsAreNotReadAgain() throws {
        let file = try OpamFile(parsing: "depends: [1] build: 2 depends: []", file: "opam")
        #expect(file.problems().map(\.field) == ["depends", "build", "depends"])
        #expect(file.problems(except: ["depends"]).map(\.field) == ["build", "depends"])
    }
}
