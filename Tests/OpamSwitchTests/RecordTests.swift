import Archive
import OpamFormat
import Testing

@testable import OpamSwitch

@Suite struct RecordTests {
    /// As opam 2.1.2 wrote it, but for the times.
    @Test func changesAreWrittenAsOpamWritesThem() {
        let some = ChangesFile(
            changes: [
                "share/ocaml-config/gen_ocaml_config.ml": .added(.file(size: 1698)),
                "share/ocaml-config": .added(.directory), "lib/x": .removed,
                "bin/link": .contentsChanged(.link(target: "../a\"b")),
            ], time: 1)
        #expect(
            String(decoding: some.bytes, as: UTF8.self) == """
                opam-version: "2.0"
                added: [
                  "share/ocaml-config" {"D"}
                  "share/ocaml-config/gen_ocaml_config.ml" {"F:S1698T1."}
                ]
                removed: "lib/x"
                contents-changed: "bin/link" {"L:../a\\"b"}

                """)
        #expect(ChangesFile(time: 1).bytes == Array("opam-version: \"2.0\"\n".utf8))
    }

    /// Names and targets of links in any encoding, as opam writes them.
    @Test func changesKeepBytes() {
        let name = FilePath(bytes: [0x6C, 0xE9])
        let changes = ChangesFile(changes: [name: .added(.link(target: name)), "a": .added(.file(size: 2))], time: 7)
        let expected = Array("opam-version: \"2.0\"\nadded: [\n  \"a\" {\"F:S2T7.\"}\n  \"l".utf8)
        #expect(changes.bytes.starts(with: expected + [0xE9]))
        #expect(changes.bytes.split(separator: 0xE9).count == 3)
        #expect(
            ChangesFile.settingTimes(to: 1, in: changes.bytes) == ChangesFile(changes: changes.changes, time: 1).bytes)
    }

    @Test func everyFileOfTheSwitchParses() throws {
        let state = SwitchState(
            layout: SwitchLayout(root: "/opt/opam"),
            installed: [
                .init(name: "ocaml-system", version: "4.13.1", isCompiler: true), .init(name: "Zed", version: "1"),
                .init(name: "ocaml", version: "4.13.1"), .init(name: "fmt", version: "0.9.0", isRoot: true),
            ], environment: [EnvironmentChange("A", .prepend, "b c", comment: "Updated by package ocaml")],
            user: "opam")
        for (path, text) in state.files where !path.hasSuffix("lock") && !path.hasSuffix("environment") {
            _ = try SyntaxTree(parsing: Array(text.utf8), file: path)
        }
        #expect(state.installed.map(\.name) == ["fmt", "ocaml", "ocaml-system", "Zed"])
        let environment = try #require(state.files["opt/opam/default/.opam-switch/environment"])
        #expect(environment.contains("A\t+=\tb\\ c\tUpdated\\ by\\ package\\ ocaml\n"))
        #expect(state.directories.first == "opt/opam")
    }

    @Test func templatesLoseTheirVariablesAndNothingElse() throws {
        let variables = PackageVariables(
            of: "p", version: "1.0", in: SwitchLayout(root: "/opt/opam"), global: ["os": "linux"], dependencies: [:],
            jobs: 4)
        func expanded(_ text: String) throws -> String {
            String(decoding: try Template.expand(Array(text.utf8), variables: variables), as: UTF8.self)
        }
        #expect(try expanded("let v = %{version}%, %{os}% %{nothing}%!\n") == "let v = 1.0, linux !\n")
        #expect(try expanded("a\nb") == "a\nb\n")
        #expect(try expanded("") == "")
        #expect(try expanded("100%% of %{_:name}%\n\n") == "100% of p\n\n")
        #expect(try expanded("lib: \"%{lib}%/x\"") == "lib: \"/opt/opam/default/lib/x\"")
    }

    @Test func variablesComeFromThePackageTheSwitchAndTheTarget() {
        let variables = PackageVariables(
            of: "p", version: "1.0", hash: "md5=00", depends: ["a.2"], in: SwitchLayout(root: "/r"),
            global: ["os": "linux", "make": "gmake"],
            dependencies: ["a": .init(version: "2", variables: ["native": .bool(true)])], jobs: 3, withTests: true)
        let expected: [(String, VariableValue?)] = [
            ("os", .string("linux")), ("make", .string("gmake")), ("name", .string("p")), ("version", .string("1.0")),
            ("jobs", .string("3")), ("with-test", .bool(true)), ("prefix", .string("/r/default")),
            ("lib", .string("/r/default/lib")), ("_:lib", .string("/r/default/lib/p")),
            ("a:lib", .string("/r/default/lib/a")), ("a:native", .bool(true)), ("a:installed", .bool(true)),
            ("b:installed", .bool(false)), ("b:version", nil), ("a:version", .string("2")), ("hash", .string("md5=00")),
            ("build", .string("/r/default/.opam-switch/build/p.1.0")), ("depends", .string("a.2")), ("none", nil),
        ]
        for (text, value) in expected {
            let reference = VariableReference(parsing: text, interpolated: false)
            #expect(reference?.variables.first.flatMap(variables.value) == value, "\(text)")
        }
    }
}
