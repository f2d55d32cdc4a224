import Archive
import Foundation
import OpamFormat
import TestSupport
import Testing

@testable import OpamSwitch

/// Compares the processing of a package's files with that of the real opam client.
@Suite(.enabled(if: RealOpam.isInstalled, "needs the program opam"))
struct OpamComparisonTests {
    /// Texts of `.install` files; `\NNN` is a byte in octal.
    static let installFiles = [
        #"lib: ["a"]"#, #"lib: "a""#, #"lib: ["a""#, #"lib: ["a"] nonsense: ["a"]"#, #"lib: [1] bin: ["a"]"#,
        #"lib: ["a" 1] bin: ["a"]"#, #"lib: [["a"]]"#, #"lib: [a] bin: ["a"]"#, #"lib: ("a")"#, #"lib: ["gone" "a"]"#,
        #"lib: ["?gone" "a"]"#, #"lib: ["dir"]"#, #"lib: ["?dir"] bin: ["a"]"#, #"lib: ["a" {"/etc/ciso-x"}]"#,
        #"lib: ["a" {"../../x"}]"#, #"lib: ["a" {"../../../../x"}]"#, #"misc: ["a" {"x"}] lib: ["a"]"#,
        #"misc: ["a"] lib: ["a"]"#, #"man: ["a"] lib: ["a"]"#, #"man: ["x.9"]"#, #"man: ["x.1"]"#,
        #"lib: ["/etc/passwd"]"#, #"s { lib: "a" } bin: ["a"]"#, #"lib: ["a" {"b" "c"}]"#,
        #"lib: ["a" {"same"} "sub/b" {"same"}]"#, #"lib: ["a"] lib: ["sub/b"]"#, #"lib: ["a" {""}]"#,
        #"lib: ["a" {"d/"}]"#, "", #"opam-version: "1.2" lib: ["a"]"#, #"opam-version: "3.0" lib: ["a"]"#,
        #"opam-version: "2.1" lib: ["a"]"#, #"opam-version: 2 lib: ["a"]"#, #"lib: ["link"]"#,
        #"lib: ["./a" {"./q/./w"}]"#,
        #"lib: [""]"#, #"lib: ["a" {"%{name}%"}]"#, #"x-foo: "a" lib: ["a"]"#, #"lib: ["caf\351" {"\351t\351"}]"#,
        #"lib: ["caf\351"] doc: ["caf\351" {"d\377/e"}]"#,
    ]

    /// Makes the files that are installed, in the build directory.
    private static let build =
        #"echo x >a; mkdir -p sub dir; echo y >sub/b; echo z >dir/f; ln -s a link; echo l >"$(printf 'caf\351')"; echo m >x.1"#

    @Test func installFilesAreUsedAndIgnoredAsByOpam() throws {
        let directory = try TemporaryDirectory()
        let opam = try RealOpam(in: directory)
        for (number, text) in Self.installFiles.enumerated() {
            let printed = text.replacing("%", with: "%%").replacing("'", with: #"'\''"#)
            try opam.add(
                "p\(number)", "build: [\"sh\" \"make\"]",
                files: "printf '\(printed)\\n' >p\(number).install; cat >make <<'EOF'\n\(Self.build)\nEOF\n")
        }
        try opam.initialize()
        for (number, text) in Self.installFiles.enumerated() {
            let theirs = try opam.ending(["install", "p\(number)"])
            let list = "cd \(opam.prefix) && find . -type f ! -path './.opam-switch/*' | LC_ALL=C sort | od -An -c"
            let installed = try directory.shell(list)
            _ = try opam.ending(["remove", "p\(number)"])
            try directory.shell("find \(opam.prefix) -type f ! -path '*/.opam-switch/*' -delete")
            let ours = try install("p\(number)", in: directory, at: opam.prefix)
            #expect((ours.status == 0) == (theirs.status == 0), "\(text): \(ours.text)\n\(theirs.output)")
            if theirs.status == 0 { #expect(try directory.shell(list) == installed, "\(text)") }
            try directory.shell("find \(opam.prefix) -type f ! -path '*/.opam-switch/*' -delete")
        }
    }

    /// Texts of `.config` files.
    static let configFiles = [
        #"opam-version: "2.0"\nvariables { a: "b" c: true d: ["x" "y"] }"#, #"opam-version: "2.0"\nvariables { a: "#,
        #"variables { a: "b" }"#, #"a: "b"\nc: false"#, #"a: "b"\nfoo { c: "d" }"#, #"opam-version: "1.2"\na: "b""#,
        #"opam-version: "1.2"\nvariables { a: "b" }"#, #"opam-version: "1.3"\nvariables { a: "b" }"#,
        #"opam-version: "2.0"\na: "b""#, #"variables { a: "b" }\nopam-version: "2.0""#, "opam-version: 2.0",
        #"opam-version: "2.0.1"\nvariables { a: "b" }"#, #"opam-version: "2.0~beta"\nvariables { a: "b" }"#,
        #"opam-version: "2.1"\nvariables { a: "b" }"#, #"opam-version: "3.0"\nvariables { a: "b" }"#,
        #"opam-version: "2.0"\nopam-version: "2.0"\nvariables { a: "b" }"#, "",
        #"opam-version: "2.0"\nvariables { a: "1" }\nvariables { c: "2" }"#,
        #"opam-version: "2.0"\nvariables "x" { a: "1" }"#, #"opam-version: "2.0"\nvariables { a: "1" a: "2" }"#,
        #"opam-version: "2.0"\nvariables { a: 3 c: "x" }"#, #"opam-version: "2.0"\nfoo: 1\nbar { a: "b" }"#,
        #"opam-version: "2.0"\nfile-depends: ["/nowhere" "md5=00000000000000000000000000000000"]"#,
        #"opam-version: "2.0"\nfile-depends: "x"\nvariables { a: "b" }"#, #"\001garbage"#,
        #"a: 3\nc: "x""#, #"opam-version: "2.0"\nvariables { c: "x" a: ["1" 2] }"#,
    ]

    /// A package with a `.config` file that opam does not accept cannot be installed; of the others, the variables are
    /// equal.
    @Test func configFilesAreReadAsByOpam() throws {
        let directory = try TemporaryDirectory()
        let opam = try RealOpam(in: directory)
        for (number, text) in Self.configFiles.enumerated() {
            try opam.add("c\(number)", "", files: "printf '\(text)\\n' >c\(number).config")
        }
        try opam.initialize()
        for (number, text) in Self.configFiles.enumerated() {
            let theirs = try opam.ending(["install", "c\(number)"])
            let file = directory("repository/packages/c\(number)/c\(number).1/files/c\(number).config")
            let ours = try? ConfigFile(parsing: Array(Data(contentsOf: URL(filePath: file))), file: file)
            #expect((ours != nil) == (theirs.status == 0), "\(text): \(theirs.output)")
            for name in ["a", "c"] where ours != nil {
                let variable = try opam.ending(["var", "c\(number):\(name)"])
                let value =
                    switch ours?[name] {
                    case .string(let text): text
                    case .bool(let flag): "\(flag)"
                    default: ""
                    }
                #expect((variable.status == 0 ? variable.output : "") == (value.isEmpty ? "" : value + "\n"), "\(text)")
            }
        }
    }

    /// Installs the files listed in the package's `.install` file, like the runner.
    private func install(_ package: String, in directory: TemporaryDirectory, at prefix: String) throws
        -> (status: Int32, text: String)
    {
        try directory.shell(
            "mkdir \(package); cd \(package); sh ../repository/packages/\(package)/\(package).1/files/make")
        let file = directory("repository/packages/\(package)/\(package).1/files/\(package).install")
        let bytes = Array(try Data(contentsOf: URL(filePath: file)))
        guard let parsed = try? InstallFile(parsing: bytes, file: file) else { return (0, "ignored") }
        let layout = SwitchLayout(root: directory("root"), name: "s")
        do {
            let script = try InstallScript(Installation(parsed, of: package, in: layout)).text
            let ending = try Program(["/bin/sh", "-eu", "-c", script], in: directory(package), isJoined: true).run()
            return (ending.status, ending.output)
        } catch let error as RecipeError {
            return (1, error.description)
        }
    }

    /// `setenv` of two packages and `build-env` of one that is built over them.
    @Test func theEnvironmentIsOpams() throws {
        let directory = try TemporaryDirectory()
        let opam = try RealOpam(in: directory)
        let texts = [
            "a": """
            setenv: [
              [SEA = "a b"] [SEP += "%{prefix}%/x"] [SEQ =+ "tail"] [SER := "r"] [SES =: "s"] [SET =+= "t"]
              [PATH += "/extra/bin"] [NAME = "%{name}% %{version}% %{_:version}%"]
            ]
            """,
            "b": "depends: \"a\"\nsetenv: [[SEA = \"second\"] [SEP += \"b\"] [SEQ =+ \"end\"]]",
            "use": """
            depends: ["a" "b"]
            build-env: [
              [SEP += "mine"] [BE = "x %{version}%"] [MAKEFLAGS = "-k"] [OPAMSWITCH = "no"] [COLON =: "z"] [BE += "2"]
              [PATH = "/usr/bin:/bin"]
            ]
            build: ["sh" "-c" "env >\(directory("env"))"]
            """,
        ]
        for (name, text) in texts { try opam.add(name, text) }
        try opam.initialize()
        try opam.run(["install", "use"])
        let printed = try #require(directory.read("env")).split(separator: "\n").compactMap { line in
            line.firstIndex(of: "=").map { (String(line[..<$0]), String(line[line.index(after: $0)...])) }
        }
        let theirs = Dictionary(printed, uniquingKeysWith: { $1 })

        let files = try texts.mapValues {
            try OpamFile(parsing: Array("opam-version: \"2.0\"\n\($0)\n".utf8), file: "")
        }
        func variables(_ name: String) -> PackageVariables {
            PackageVariables(
                of: name, version: "1", in: SwitchLayout(root: directory("root"), name: "s"), global: [:],
                dependencies: ["a": .init(version: "1"), "b": .init(version: "1")], jobs: 1)
        }
        let changes = ["b", "a"].flatMap { files[$0]?.environment.expanded(in: variables($0)) ?? [] }
        let recipe = try BuildRecipe(
            of: try #require(files["use"]), files: [:], variables: variables("use"), changes: changes,
            base: ["PATH": "/usr/bin:/bin"])
        #expect(recipe.environment.count > 14)
        for (name, value) in recipe.environment where name != "PATH" {
            #expect(value == theirs[name], "\(name)")
        }
        #expect(recipe.environment["PATH"] == theirs["PATH"])
    }

    @Test(arguments: [
        "%{+:x}%", "%{0install:installed}%", "%{123:version}%", "%{a+b:installed}%", "%{a++b:version}%", "%{:x}%",
        "%{x:}%",
        "%{a b:x}%", "%{ü:lib}%", "%{a:b:c}%", "%{_:b@d}%", "%{b@d}%", "%{a+1:installed}%", "%{_+a:installed}%",
        "%{b@d:lib?x:y}%", "%{-:x}%", "x: \"a%{b@d:lib}%b\"", "%{b@d:lib}", "%{a.b:lib}%", "%{1:x?y:z}%", "%{_:1?y:z}%",
    ])
    func impossibleNamesAreRefusedAsByOpam(template: String) throws {
        let variables = PackageVariables(
            of: "p", version: "1", in: SwitchLayout(root: "/r"), global: [:], dependencies: [:], jobs: 1)
        // As opam 2.1.2 did with each.
        let refused: Set = [
            "%{123:version}%", "%{a b:x}%", "%{ü:lib}%", "%{a:b:c}%", "%{a+1:installed}%", "%{b@d:lib?x:y}%", "%{-:x}%",
            "x: \"a%{b@d:lib}%b\"", "%{a.b:lib}%", "%{1:x?y:z}%",
        ]
        let expanded = try? Template.expand(Array(template.utf8), variables: variables)
        #expect((expanded == nil) == refused.contains(template))
    }
}
