import OpamFormat
import Testing

/// Formulas after the evaluation of filters. The expectations follow the rules of opam's own filtering.
@Suite struct DependencyFilterTests {
    private func filtered(
        _ depends: String, test: Bool = false, post: Bool = true
    ) throws -> String {
        let file = try OpamFile(parsing: "depends: [\(depends)]", file: "opam")
        var problems: [FormatError] = []
        let formula = file.read(.depends, problems: &problems)
        #expect(problems.isEmpty)
        var scope = DependencyScope()
        scope.withTest = test
        scope.post = post
        return formula.filtered(
            in: { variable in
                switch variable.description {
                case "os": .string("linux")
                case "version": .string("1.2")
                case "with-test": .bool(true)
                default: nil
                }
            }, scope: scope
        ).description
    }

    @Test(arguments: [
        (#""a""#, #""a""#),
        (#""a" {}"#, #""a""#),
        (#""a" {>= "1" & < "2"}"#, #""a" {>= "1" & < "2"}"#),
        (#""a" {>= "1" "b"}"#, ""),
        (#""a" {= version}"#, #""a" {= "1.2"}"#),
        (#""a" {= "%{version}%.0"}"#, #""a" {= "1.2.0"}"#),
        (#""a" {= unknown}"#, #""a""#),
        (#""a" {= unknown | = "1"}"#, #""a""#),
        (#""a" {= unknown & = "1"}"#, #""a" {= "1"}"#),
        (#""a" {build}"#, #""a""#),
        (#""a" {with-test}"#, ""),
        (#""a" {with-doc & >= "1"}"#, ""),
        (#""a" {with-doc | >= "1"}"#, #""a" {>= "1"}"#),
        (#""a" {build | >= "1"}"#, #""a""#),
        (#""a" {build & >= "1"}"#, #""a" {>= "1"}"#),
        (#""a" {os = "win32"} | "b""#, #""b""#),
        (#"("a" {os = "win32"} | "b") & "c""#, #""b" & "c""#),
        (#"("a" {os = "win32"} & "b" {with-doc}) | "c" {with-doc}"#, ""),
        (#""a" {x:installed}"#, ""),
        (#""a" {!x:installed}"#, ""),
        (#""a" {!(x:installed)}"#, ""),
        (#""a" {!(with-doc | >= "2")}"#, #""a" {< "2"}"#),
        (#""a" {!(with-doc & >= "2")}"#, #""a""#),
        (#""a" {!(os = "linux" & >= "2") & build}"#, #""a" {< "2"}"#),
        (#""a" {?with-test}"#, ""),
        (#""a" {os != "win32" & >= "1" | with-doc}"#, #""a" {>= "1"}"#),
        (#""a" "b" {os = "linux"}"#, #""a" & "b""#),
        (#"("a" | "b") | ("c" | "d")"#, #""a" | "b" | "c" | "d""#),
        (#"("a" "b") | "c""#, #""a" & "b" | "c""#),
        (#"()"#, ""),
        (#""a" {() & build}"#, #""a""#),
    ])
    func filteringGives(_ depends: String, _ expected: String) throws {
        #expect(try filtered(depends) == expected, "\(depends)")
    }

    /// The scope defines its variables, whatever their values in the environment.
    @Test func theScopeDecides() throws {
        #expect(try filtered(#""a" {with-test} "b" {post} "c" {!post}"#, test: true) == #""a" & "b""#)
        #expect(try filtered(#""a" {with-test} "b" {post} "c" {!post}"#, post: false) == #""c""#)
    }

    @Test func conflictsAndDepoptsAreDisjunctions() throws {
        let file = try OpamFile(
            parsing: #"conflicts: ["a" & "b" {< "1"} ("c" | "d")] depopts: ["a" "b"]"#, file: "opam")
        #expect(file.conflicts.description == #""a" | "b" {< "1"} | "c" | "d""#)
        #expect(file.depopts.description == #""a" | "b""#)
    }
}
