import Core
import Foundation
import TestSupport
import Testing

/// `ci solve` from the point of view of a user: its output on both streams, and its exit code.
@Suite struct SolveCommandTests {
    private let fixture: CommandFixture

    init() throws {
        fixture = try CommandFixture()
        try fixture.write(packages: [
            "ocaml.5.3.0": "", "ocaml.4.14.2": "", "ocaml-system.4.14.2": "available: sys-ocaml-version = \"4.14.2\"",
            "lwt.5.6": "depends: \"ocaml\"", "lwt.5.7": "depends: [\"ocaml\" {>= \"5\"} \"dune\"]",
            "dune.3.0": "", "dune.3.1": "available: os-distribution = \"debian\"",
            "old.1": "depends: \"ocaml\" {< \"5\"}", "tested.1": "depends: \"dune\" {with-test}",
            "broken.1": "depends: [", "misformed.1": "depends: 12",
        ])
    }

    private func solve(_ arguments: String...) throws -> Program.Ending {
        try run(["--repository", "repo", "--target", "debian-12", "--compiler", "5.3.0"] + arguments)
    }

    private func run(_ arguments: [String]) throws -> Program.Ending {
        try fixture.run(["solve"] + arguments)
    }

    @Test func linesOfCSV() throws {
        let output = try solve("--all", "--format", "csv", "--quiet")
        #expect(output.status == 0)
        #expect(output.messages == "")
        #expect(
            output.output == """
                dune.3.1,SAT,"dune.3.1 ocaml.5.3.0"
                lwt.5.7,SAT,"dune.3.1 lwt.5.7 ocaml.5.3.0"
                misformed.1,SAT,"misformed.1 ocaml.5.3.0"
                ocaml.5.3.0,SAT,"ocaml.5.3.0"
                old.1,UNSAT,
                tested.1,SAT,"ocaml.5.3.0 tested.1"

                """)
    }

    @Test func wrongFilesAreReported() throws {
        let messages = try solve("--all", "--format", "csv").messages
        #expect(messages.contains("broken/broken.1/opam:"), "\(messages)")
        #expect(messages.contains("misformed/misformed.1/opam:2:10: field 'depends'"), "\(messages)")
        let named = try solve("broken")
        #expect(named.status == 2)
        #expect(named.messages.contains("broken/broken.1/opam:"))
    }

    @Test func aNamedPackageWithoutASolutionIsNotGood() throws {
        let output = try solve("lwt", "old", "--explain", "-q")
        #expect(output.status == 1)
        #expect(
            output.output == """
                lwt.5.7: dune.3.1 lwt.5.7 ocaml.5.3.0
                old.1: cannot be installed
                  the request asks for ocaml = 5.3.0
                  the request asks for old = 1
                  old 1 needs ocaml < 5
                1 of 2 packages have a solution

                """)
        #expect(try solve("lwt", "-q").status == 0)
    }

    @Test func json() throws {
        let output = try solve("old.1", "tested", "--with-test", "--explain", "--format", "json")
        let answers = try #require(try JSONSerialization.jsonObject(with: Data(output.output.utf8)) as? [[String: Any]])
        #expect(answers.map { $0["package"] as? String } == ["old", "tested"])
        #expect(answers.map { $0["verdict"] as? String } == ["unsolvable", "solved"])
        #expect((answers[0]["explanation"] as? [String])?.count == 3)
        #expect(answers[1]["selection"] as? [String] == ["dune.3.1", "ocaml.5.3.0", "tested.1"])
    }

    @Test func compilersTargetsAndVariables() throws {
        func selection(_ arguments: String...) throws -> String {
            try run(["--repository", "repo", "-q"] + arguments).output
        }
        #expect(
            try selection("--target", "freebsd-14", "--compiler", "5.3.0", "lwt")
                == "lwt.5.7: dune.3.0 lwt.5.7 ocaml.5.3.0\n")
        #expect(
            try selection("--target", "debian-12", "--compiler", "system:4.14.2", "lwt>=5,<6").isEmpty)
        #expect(
            try selection("--target", "debian-12", "--compiler", "system:4.14.2", "lwt<5.7")
                == "lwt.5.6: lwt.5.6 ocaml-system.4.14.2 ocaml.5.3.0\n")
        #expect(
            try selection(
                "--target", "debian-12", "--compiler", "5.3.0", "--variable", "os-distribution=other", "lwt.5.7")
                == "lwt.5.7: dune.3.0 lwt.5.7 ocaml.5.3.0\n")
        #expect(
            try selection("--target", "debian-12", "--compiler", "5.3.0", "--oldest", "lwt.5.7").contains("dune.3.0"))
    }

    /// Any input: exit code 2 or 64, a sentence that describes the error, and nothing on standard output.
    @Test(
        arguments: [
            (["lwtt"], 2, "did you mean 'lwt'?"), (["lwt.9"], 2, "the newest versions are 5.7, 5.6"),
            (["lwt=>5"], 2, "'=>' is not a comparison"), (["lwt>="], 2, "'' is not a version"),
            ([">=5"], 2, "'>=5' is not a package"), ([""], 2, "'' is not a package"), (["é"], 2, "is not a package"),
            (["lwt", "--target", "debain-12"], 2, "did you mean 'debian-VERSION'?"),
            (["lwt", "--target", "debian"], 2, "there is no target 'debian'"),
            (["lwt", "--target", "-"], 2, "there is no target '-'"),
            (["lwt", "--compiler", "5.3.1"], 2, "did you mean '5.3.0'?"),
            (["lwt", "--compiler", "ö"], 2, "is not a compiler"),
            (["lwt", "--variable", "x"], 2, "expected KEY=VALUE"),
            (["lwt", "--variable", "=x"], 2, "expected KEY=VALUE"),
            (["lwt", "--repository", "nowhere"], 2, "there is no repository 'nowhere'"),
            (["lwt", "--repository", "repo@main"], 2, "no revision 'main'"), ([], 64, "Give packages, or --all"),
            (["lwt", "--all"], 64, "Give packages, or --all"), (["lwt", "--format", "xml"], 64, "xml"),
        ] as [([String], Int32, String)])
    func wrongInput(_ arguments: [String], _ status: Int32, _ words: String) throws {
        let output = try run(["--repository", "repo", "--target", "debian-12", "--compiler", "5.3.0"] + arguments)
        #expect(output.status == status, "\(output.messages)")
        #expect(output.messages.contains(words), "\(output.messages)")
        #expect(output.output == "")
    }
}
