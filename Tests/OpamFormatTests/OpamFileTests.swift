import OpamFormat
import Testing

/// The typed fields of opam files.
@Suite struct OpamFileTests {
    private static let example = """
        opam-version: "2.0"
        name: "example"
        version: " 1.2 "
        synopsis: " A package "
        authors: "one"
        author: ["two"]
        tags: ["org:x" "flags:light-uninstall"]
        flags: [compiler avoid-version]
        conflict-class: "class"
        build: [
          ["dune" "build" "-p" name "-j" jobs "@runtest" {with-test}]
          [make "%{name}%-%{unknown}%" words] {os != "win32"}
          ["never"] {false}
        ]
        install: [make "install"]
        run-test: "./test"
        patches: ["a.patch" "b.patch" {os = "linux"} "c.patch" {os = "macos"}]
        substs: "config.ml"
        build-env: [[X = "1"] [PATH += "%{bin}%"]]
        setenv: MANPATH =+= "x"
        depexts: [["libfoo-dev" "gcc"] {os-family = "debian"} ["foo"] {os = "macos"} ["gcc"] {os = "linux"}]
        extra-files: ["x.patch" "md5=d41d8cd98f00b204e9800998ecf8427e"]
        pin-depends: ["b.1.0" "git+https://example.org/b.git#main"]
        features: [tls {"ssl" {>= "1"}} {"encrypted connections"}]
        messages: ["hello" {os = "linux"}]
        post-messages: ["done" {success}]
        dev-repo: "git+https://example.org/a.git"
        x-made-by: [a 1]
        url {
          src: "https://example.org/a.tbz"
          checksum: [
            "sha256=E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"
            "d41d8cd98f00b204e9800998ecf8427e"
          ]
          mirrors: "https://example.net/a.tbz"
        }
        extra-source "fix.patch" {
          src: "https://example.org/fix"
          checksum: "md5=d41d8cd98f00b204e9800998ecf8427e"
        }
        """

    private func environment(_ variable: Variable) -> VariableValue? {
        switch variable.description {
        case "os": .string("linux")
        case "os-family": .string("debian")
        case "name": .string("example")
        case "jobs": .string("4")
        case "make": .string("gmake")
        case "with-test": .bool(false)
        case "words": .list(["x", "y"])
        default: nil
        }
    }

    @Test func commandsBecomeWords() throws {
        let file = try OpamFile(parsing: Self.example, file: "opam")
        #expect(file.problems().isEmpty)
        #expect(
            file.build.words(in: environment) == [
                ["dune", "build", "-p", "example", "-j", "4"], ["gmake", "example-", "x", "y"],
            ])
        #expect(file.install.words(in: environment) == [["gmake", "install"]])
        #expect(file.runTest.words(in: environment) == [["./test"]])
        #expect(file.build.words { _ in .bool(true) }.first?.last == "@runtest")
        #expect(file.remove.isEmpty)
    }

    @Test func fieldsForBuildingAreRead() throws {
        let file = try OpamFile(parsing: Self.example, file: "opam")
        #expect(
            file.patches.filter { $0.applies(in: environment) }.map(\.element)
                == ["a.patch", "b.patch"].map { Array($0.utf8) })
        #expect(file.substs == [Array("config.ml".utf8)])
        #expect(
            file.buildEnvironment
                == [EnvironmentUpdate("X", .set, "1"), EnvironmentUpdate("PATH", .prepend, "%{bin}%")])
        #expect(file.environment == [EnvironmentUpdate("MANPATH", .replaceInPlace, "x")])
        #expect(file.depexts(in: environment) == ["gcc", "libfoo-dev"])
        #expect(file.depexts(in: { _ in nil }) == [])
        #expect(file.extraFiles?.map(\.name) == ["x.patch"])
        #expect(file.pinDepends.map(\.package.description) == ["b.1.0"])
        #expect(file.features.map(\.formula.description) == [#""ssl" {>= "1"}"#])
        #expect(file.features.map(\.summary) == ["encrypted connections"])
    }

    /// For opam, the names of files are bytes.
    @Test func namesOfFilesMayBeInAnyEncoding() throws {
        let name = Array("caf".utf8) + [0xE9]
        func line(_ before: String, _ after: String) -> [UInt8] {
            Array("\(before) \"".utf8) + name + Array("\"\(after)\n".utf8)
        }
        let bytes =
            line("patches: [", " {os = \"linux\"}]") + line("substs:", "") + line("extra-source", " { src: \"x\" }")
            + line("build: [\"cat\"", "]") + Array("depends: [\"a\"]\n".utf8)
        let file = try OpamFile(parsing: bytes, file: "opam")
        #expect(file.problems().isEmpty)
        #expect(file.patches.map(\.element) == [name])
        #expect(file.substs == [name])
        #expect(file.extraSources.map(\.nameBytes) == [name])
        let rest = file.tree.bytes(withoutFields: ["depends", "substs"])
        #expect(
            rest == line("patches: [", " {os = \"linux\"}]") + line("extra-source", " { src: \"x\" }")
                + line("build: [\"cat\"", "]"))
    }

    @Test func sourcesAreRead() throws {
        let file = try OpamFile(parsing: Self.example, file: "opam")
        let url = try #require(file.url)
        #expect(url.url == "https://example.org/a.tbz")
        #expect(url.checksums.map(\.kind) == [.sha256, .md5])
        #expect(url.checksums.allSatisfy { $0.hexadecimal == $0.hexadecimal.lowercased() })
        #expect(url.mirrors == ["https://example.net/a.tbz"])
        #expect(file.extraSources.map(\.name) == ["fix.patch"])
        #expect(file.extraSources.first?.source.checksums.count == 1)
        #expect(try OpamFile(parsing: "x: 1", file: "opam").url == nil)
        for text in [
            "", "md5=", "sha1=da39a3ee5e6b4b0d3255bfef95601890afd80709", "sha256=d41d8cd98f00b204e9800998ecf8427e",
        ] {
            #expect(Checksum(text) == nil, "\(text)")
        }
    }

    @Test func descriptiveFieldsAreRead() throws {
        let file = try OpamFile(parsing: Self.example, file: "opam")
        #expect(file.name?.text == "example" && file.version?.text == "1.2")
        #expect(file.synopsis == "A package")
        #expect(file.authors == ["one", "two"])
        #expect(file.flags == ["compiler", "avoid-version", "light-uninstall"])
        #expect(file.conflictClasses.map(\.text) == ["class"])
        #expect(file.messages.map(\.element) == ["hello"])
        #expect(file.postMessages.first?.applies(in: { $0.name == "success" ? .bool(true) : nil }) == true)
        #expect(file.extensions.map(\.name) == ["x-made-by"])
    }

    /// Fields of opam 1 that opam 2 still accepts as conditions.
    @Test func oldConditionsCount() throws {
        let file = try OpamFile(
            parsing: #"os: ["linux" | "macos"] ocaml-version: [>= "4.00" & < "5"] available: arch = "x86_64""#,
            file: "opam")
        let holds = { (os: String, ocaml: String, arch: String) in
            file.available.holds { variable in
                ["os": os, "ocaml-version": ocaml, "arch": arch][variable.name].map { .string($0) }
            }
        }
        #expect(holds("linux", "4.14", "x86_64"))
        #expect(!holds("win32", "4.14", "x86_64"))
        #expect(!holds("linux", "5.1", "x86_64"))
        #expect(!holds("linux", "4.14", "arm64"))
    }

    @Test(arguments: [
        (#"depends: ["a" {>= "1" & <= 2}]"#, "depends", 1, 28),
        ("x-a: 1\ndepends: [b]", "depends", 2, 11),
        (#"depends: ["a b"]"#, "depends", 1, 11),
        (#"depends: ["a" {>= "1 2"}]"#, "depends", 1, 19),
        (#"build: ["a" {b c}]"#, "build", 1, 9),
        (#"available: [a b]"#, "available", 1, 12),
        (#"flags: "x""#, "flags", 1, 8),
        ("bogus: 1", "bogus", 1, 1),
        (#"build: ["a"] build: ["b"]"#, "build", 1, 14),
        (#"url { src: 1 }"#, "src", 1, 12),
        (#"url { checksum: "md5=zz" }"#, "checksum", 1, 17),
        ("bogus { }", "bogus", 1, 1),
        (#"setenv: [a "b"]"#, "setenv", 1, 9),
        (#"version: "a b""#, "version", 1, 10),
    ])
    func malformedFieldsAreReportedAndAbsent(_ text: String, _ field: String, _ line: Int, _ column: Int) throws {
        let file = try OpamFile(parsing: text, file: "opam")
        let problem = try #require(file.problems().first)
        #expect(problem.field == field)
        #expect(problem.line == line && problem.column == column, "\(problem)")
        #expect(file.depends.isEmpty && file.url == nil && file.flags.isEmpty)
        #expect(file.available == .bool(true))
    }

    @Test func filtersAndFormulasAreParsedSeparately() throws {
        let filter = try Filter(parsing: #"os = "linux" & !with-test | "%{x}%""#)
        #expect(filter.description == #"os = "linux" & !with-test | "%{x}%""#)
        #expect(try Filter(parsing: filter.description) == filter)
        let formula = try DependencyFormula(parsing: #"["a" {>= "1"} "b" | "c"]"#)
        #expect(formula.description == #""a" {>= "1"} & ("b" | "c")"#)
        #expect(try DependencyFormula(parsing: formula.description) == formula)
        for text in ["", "a b", "[", ">= 1"] {
            #expect(throws: FormatError.self, "\(text)") { try Filter(parsing: text) }
        }
        let error = #expect(throws: FormatError.self) { try DependencyFormula(parsing: "\"a\"\n& b") }
        #expect(error?.line == 2 && error?.column == 3)
    }

    @Test func extensionsHaveLocations() throws {
        let file = try OpamFile(parsing: "a: 1\n  x-b:\n    [c]", file: "opam")
        let position = try #require(file.extensions.first?.value.position)
        #expect(position == (line: 3, column: 5))
    }

    @Test func newerFormatsAreRefused() throws {
        for version in ["1.2", "2.0"] { _ = try OpamFile(parsing: "opam-version: \"\(version)\"", file: "opam") }
        for version in ["2.1", "3", "10"] {
            #expect(throws: FormatError.self, "\(version)") {
                try OpamFile(parsing: "opam-version: \"\(version)\"", file: "opam")
            }
        }
    }

    /// A quote ends a string also before a combining character, with which it is one character to Swift.
    @Test func aReplacedSourceIsReadBack() throws {
        let source = Source(url: "https://e.org/a\"\u{301}\\\u{301}.tbz", subpath: "\"\u{301}] build: [")
        let bytes = try OpamFile(parsing: "opam-version: \"2.0\"\n", file: "opam").replacing(source: source)
        #expect(try OpamFile(parsing: bytes, file: "opam").url == source)
    }
}
