import OpamFormat
import Testing

/// Install files, config files and repo files.
@Suite struct OtherFilesTests {
    @Test func installFilesAreParsed() throws {
        let text = """
            opam-version: "2.0"
            bin: ["_build/main.exe" {"main"} "?_build/extra.exe"]
            lib: "META"
            lib_root: ["a/b.cma" {"x/b.cma"} "c" {"../d"}]
            man: ["doc/x.1" "doc/y.5.gz" "z" {"man7/z.7"}]
            misc: ["f" {"/etc/f"}]
            """
        let file = try InstallFile(parsing: Array(text.utf8), file: "x.install")
        #expect(file.problems.isEmpty)
        #expect(
            file.entries.map { "\($0.section) \($0.source) \($0.destination) \($0.isOptional)" } == [
                "bin _build/main.exe main false", "bin _build/extra.exe extra.exe true", "lib META META false",
                "libRoot a/b.cma x/b.cma false", "libRoot c ../d false", "man doc/x.1 man1/x.1 false",
                "man doc/y.5.gz man5/y.5.gz false", "man z man7/z.7 false", "misc f /etc/f false",
            ])
        #expect(file.entries.first?.section.isExecutable == true)
    }

    @Test(arguments: [
        "lib: [\"a\" {\"/etc/passwd\"}]", "misc: [\"a\" {\"b\"}]", "misc: [\"a\"]", "library: [\"a\"]", "s { }",
        "bin: [a]", "bin: [\"a\" {\"b\" \"c\"}]",
    ])
    func misformedInstallFieldsAreLeftOut(_ text: String) throws {
        let file = try InstallFile(parsing: Array((text + "\ndoc: \"README\"").utf8), file: "x.install")
        #expect(file.problems.count == 1, "\(text)")
        #expect(file.entries.map(\.source) == ["README"], "\(text)")
    }

    /// As opam does, the whole file is ignored.
    @Test(arguments: [
        "lib: [\"a\"", "man: [\"page\"]", "man: [\"page.9\"]", "opam-version: \"2.1\"", "opam-version: 2",
    ])
    func unusableInstallFilesAreRefused(_ text: String) {
        #expect(throws: FormatError.self) {
            try InstallFile(parsing: Array((text + "\ndoc: \"README\"").utf8), file: "x.install")
        }
    }

    @Test func installFilesAreRecordedWithoutWhatIsIgnored() throws {
        let text = Array("lib: [\"caf".utf8) + [0xE9] + Array("\"] lib: [\"b\"] x: 1 bin: [\"?c\"]".utf8)
        let file = try InstallFile(parsing: text, file: "x.install")
        #expect(file.problems.count == 2)
        let recorded = try InstallFile(parsing: file.recorded, file: "x.install")
        #expect(recorded.problems.isEmpty)
        #expect(Set(recorded.entries) == Set(file.entries))
        #expect(recorded.entries.first { $0.section == .lib }?.sourceBytes.last == 0xE9)
    }

    @Test func configFilesDefineVariables() throws {
        let text = """
            opam-version: "2.0"
            file-depends: ["/usr/bin/ocaml" "md5=d41d8cd98f00b204e9800998ecf8427e"]
            variables {
              native: true
              path: "/usr/lib"
              words: ["a" "b"]
            }
            variables { more: "x" }
            """
        let file = try ConfigFile(parsing: Array(text.utf8), file: "x.config")
        #expect(file["native"] == .bool(true))
        #expect(file["path"] == .string("/usr/lib"))
        #expect(file["words"] == .list(["a", "b"]))
        #expect(file["more"] == nil, "of a second section")
        #expect(file.problems.isEmpty)
        #expect(file.fileDepends.map(\.name) == ["/usr/bin/ocaml"])
        let old = try ConfigFile(parsing: Array("a: \"b\"\nc: false".utf8), file: "x.config")
        #expect(old["a"] == .string("b") && old["c"] == .bool(false))
        let wrong = "opam-version: \"2.0\"\nvariables { a: \"b\" number: 1 }"
        let partly = try ConfigFile(parsing: Array(wrong.utf8), file: "x.config")
        #expect(partly.problems.map(\.field) == ["number"] && partly.variables.isEmpty, "ignored as a whole")
    }

    @Test(arguments: [
        "opam-version: \"2.1\"", "opam-version: 2", "opam-version: \"2.0\"\nopam-version: \"2.0\"", "a { b: \"c\" }",
        "a: 1",
        "variables {",
    ])
    func unusableConfigFilesAreRefused(text: String) {
        #expect(throws: FormatError.self) { try ConfigFile(parsing: Array(text.utf8), file: "x.config") }
    }

    @Test func repoFilesDescribeARepository() throws {
        let text = """
            opam-version: "2.0"
            browse: "https://example.org/pkg/"
            upstream: "https://example.org/"
            archive-mirrors: "cache"
            announce: ["old" {opam-version < "2.1"} "all"]
            redirect: "https://example.net"
            stamp: "1"
            bogus: 1
            """
        let file = try RepoFile(parsing: Array(text.utf8), file: "repo")
        #expect(file.browse == "https://example.org/pkg/")
        #expect(file.archiveMirrors == ["cache"])
        #expect(
            file.announce.filter { $0.applies { _ in .string("2.5") } }.map(\.element) == ["all"])
        #expect(file.redirect.map(\.element) == ["https://example.net"])
        #expect(file.problems().map(\.field) == ["bogus"])
    }
}
