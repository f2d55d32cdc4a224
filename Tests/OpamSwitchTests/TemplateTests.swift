import Foundation
import OpamFormat
import OpamSwitch
import TestSupport
import Testing

/// Compares templates with the results of opam itself (`opam config subst`).
@Suite struct TemplateTests {
    private let variables = PackageVariables(
        of: "p", version: "1.0", in: SwitchLayout(root: "/opt/opam"),
        global: ["os": "linux", "quoted": #"a "b" \c"#], dependencies: [:], jobs: 4)

    private func expanded(_ bytes: [UInt8]) throws -> [UInt8] { try Template.expand(bytes, variables: variables) }

    @Test func everyByteIsTaken() throws {
        let latin = Array("caf".utf8) + [0xE9, 0x00, 0xFF]
        #expect(try expanded(latin + Array(" %{os}% ".utf8) + latin) == latin + Array(" linux ".utf8) + latin + [0x0A])
        #expect(try expanded([0xFF, UInt8(ascii: "%"), 0x0A]) == [0xFF, UInt8(ascii: "%"), 0x0A])
        // A text in the file's encoding, chosen by a variable.
        #expect(
            try expanded(Array("%{_:installed?".utf8) + [0xE9] + Array(":".utf8) + [0xE8] + Array("}%\n".utf8)) == [
                0xE8, 0x0A,
            ])
    }

    @Test(arguments: [
        ("%%{os}%% %%%{os}%%%", "%{os}% %linux%\n"), ("%{os} %{os", "%{os} %{os\n"), ("%{o\ns}%", "%{o\ns}%\n"),
        ("%{os}}% %{os}%", "\n"), ("%{os}}% x", "%{os}}% x\n"), ("%{os?a:b}%", "b\n"),
        ("%{no-such}%|%{no:such}%", "|\n"), ("%", "%\n"),
    ])
    func marksCountAsForOpam(template: String, result: String) throws {
        #expect(try String(decoding: expanded(Array(template.utf8)), as: UTF8.self) == result)
    }

    @Test(arguments: [
        ("a: \"%{quoted}%\"", #"a: "a \"b\" \\c""#), ("# %{quoted}%\n", "# a \"b\" \\c\n"),
        ("a: \"\"\"x\"%{quoted}%\"\"\"\n", #"a: """x"a \"b\" \\c""""# + "\n"),
    ])
    func stringsOfOpamFilesStayStrings(template: String, result: String) throws {
        #expect(try String(decoding: expanded(Array(template.utf8)), as: UTF8.self) == result)
    }

    /// Random bytes among marks, by ours and by the real program.
    @Test(.enabled(if: Program.areInstalled("opam"), "needs the program opam"))
    func randomTemplatesAreExpandedAsByOpam() throws {
        var random = SeededGenerator(printingSeedOf: #function)
        let directory = try TemporaryDirectory()
        let environment = ProcessInfo.processInfo.environment.merging(
            ["OPAMROOT": directory("root"), "OPAMROOTISOK": "1", "OPAMYES": "1", "OPAMCOLOR": "never"]) { $1 }
        func opam(_ words: [String]) throws -> Program.Ending {
            try Program(["opam"] + words, in: directory.path, environment: environment, isJoined: true).run()
        }
        try directory.write("opam-version: \"2.0\"\n", to: "repository/repo")
        try directory.write("", to: "repository/packages/empty")
        #expect(
            try opam(
                [
                    "init", "--bare", "--disable-sandboxing", "--no-setup", "-k", "local", "default",
                    directory("repository"),
                ]
            ).status == 0)
        #expect(try opam(["switch", "create", "s", "--empty"]).status == 0)
        let pieces: [[UInt8]] =
            [
                "%{os}%", "%{", "}%", "%", "%%", "}", "\n", "os", "\"", "\"\"\"", "\\", "x: ", "%{nothing}%",
                "%{os?a:b}%",
            ]
            .map { Array($0.utf8) } + [[0xE9], [0x00], [0xC3, 0xA9], [0x0D, 0x0A], [0x20]]
        var templates: [[UInt8]] = []
        for number in 0..<40 {
            let count = Int.random(in: 0...14, using: &random)
            templates.append((0..<count).flatMap { _ in pieces.randomElement(using: &random) ?? [] })
            if number % 4 == 0 {
                templates[number] = Array("x: \"".utf8) + templates[number].filter { $0 != 0x22 } + [0x22, 0x0A]
            }
            try Data(templates[number]).write(to: URL(filePath: directory("t\(number).in")))
        }
        let os = PackageVariables(
            of: "p", version: "1", in: SwitchLayout(root: "/r"), global: ["os": "linux"], dependencies: [:], jobs: 1)
        var compared = 0
        for (number, template) in templates.enumerated() {
            // A variable of something that cannot be a package, as in `%{ x:os}%`, ends opam.
            let ending = try opam(["config", "subst", "t\(number)"])
            guard ending.status == 0 else {
                #expect(ending.output.contains("package name"), "\(ending.output)")
                #expect(throws: RecipeError.self) { try Template.expand(template, variables: os) }
                continue
            }
            compared += 1
            let theirs = Array(try Data(contentsOf: URL(filePath: directory("t\(number)"))))
            #expect(
                try Template.expand(template, variables: os) == theirs,
                "\(String(decoding: template, as: UTF8.self).debugDescription)")
        }
        #expect(compared > 20)
    }
}
