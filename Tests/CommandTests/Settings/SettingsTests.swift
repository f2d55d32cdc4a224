import Core
import Foundation
import TestSupport
import Testing

/// Options by flag, environment and `ciso.yaml`, and the exit code of each kind of mistake.
@Suite struct SettingsTests {
    private let fixture: CommandFixture

    init() throws {
        fixture = try CommandFixture()
        try fixture.write(packages: [
            "ocaml.5.3.0": "", "lwt.5.7": "depends: \"ocaml\"", "bad.1": "depends: \"gone\"",
        ])
    }

    private static let solve = [
        "solve", "--repository", "repo", "--target", "debian-12", "--compiler", "5.3.0", "lwt",
    ]

    /// A command as the program describes it.
    private struct Command: Decodable {
        var commandName: String
        var arguments: [Argument]?
        var subcommands: [Command]?

        /// The words of each command below, with the names of its options.
        func all(_ before: [String] = []) -> [(words: [String], options: [String])] {
            let options = (arguments ?? []).filter { $0.kind != "positional" }.compactMap { argument in
                argument.names?.first { $0.kind == "long" }?.name
            }
            return [(before, options.filter { !["help", "version"].contains($0) })]
                + (subcommands ?? []).flatMap { $0.all(before + [$0.commandName]) }
        }
    }

    private struct Argument: Decodable {
        var kind: String
        var names: [Name]?
    }

    private struct Name: Decodable {
        var kind: String
        var name: String
    }

    private struct Tool: Decodable { var command: Command }

    private func commands() throws -> [(words: [String], options: [String])] {
        let dump = try fixture.run(["--experimental-dump-help"]).output
        return try JSONDecoder().decode(Tool.self, from: Data(dump.utf8)).command.all()
            .filter { $0.words != ["help"] && !$0.options.isEmpty }
    }

    @Test func theHelpOfEveryOptionNamesAllThreeSources() throws {
        let commands = try commands()
        #expect(commands.count > 20)
        for (words, options) in commands {
            let output = try fixture.run(words + ["--help"])
            #expect(output.status == 0 && output.messages.isEmpty, "\(words)")
            let lines = output.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
            for name in options {
                let variable = "CISO_" + name.uppercased().replacingOccurrences(of: "-", with: "_")
                #expect(lines.contains(["--\(name)", variable, name]), "\(words) --\(name)")
            }
        }
    }

    /// Options whose values have a form, of all commands: the error about another value tells the form.
    @Test func anInvalidValueSaysWhatIsExpected() throws {
        var checked: Set<String> = []
        for (words, options) in try commands() {
            for name in options where !checked.contains(name) {
                let output = try fixture.run(words + ["--\(name)=:odd:"])
                guard output.messages.contains("is invalid for '--\(name) ") else { continue }
                checked.insert(name)
                #expect(output.status == 64)
                let form = output.messages.contains("': expected ") || output.messages.contains("Please provide one of")
                #expect(form, "\(words): \(output.messages)")
            }
        }
        #expect(checked.isSuperset(of: ["blobs", "coordination", "jobs", "listen", "limit", "format"]), "\(checked)")
        let port = try fixture.run(["run", "--coordination", "http://etcd:99999"])
        #expect(port.messages.contains("expected addresses of hosts, without a user, such as https://etcd1:2379"))
        let number = try fixture.run(["run", "--jobs", "1025"])
        #expect(
            number.messages.contains("The value '1025' is invalid for '--jobs <jobs>': expected a number from 0 to"))
    }

    @Test(arguments: [
        ("serve", "127.0.0.1:8080"), ("store gc", "3"), ("store gc", "24"), ("store log", "20"), ("notify", "24"),
        ("worker", "1"), ("submit", "0"), ("results", "text"),
    ])
    func theHelpShowsDefaults(command: String, value: String) throws {
        let help = try fixture.run(command.split(separator: " ").map(String.init) + ["--help"]).output
        let words = help.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(words.contains("default: \(value))"), "\(help)")
    }

    @Test func flagsBeatTheEnvironmentWhichBeatsTheFile() throws {
        func format(_ flag: [String], _ environment: [String: String]) throws -> String {
            let output = try fixture.run(Self.solve + ["-q"] + flag, environment: environment)
            #expect(output.status == 0, "\(output.messages)")
            return output.output.hasPrefix("[") ? "json" : output.output.contains("SAT") ? "csv" : "text"
        }
        #expect(try format([], [:]) == "text")
        try fixture.write("ciso.yaml", "format: csv\n")
        #expect(try format([], [:]) == "csv")
        #expect(try format([], ["CISO_FORMAT": "json"]) == "json")
        #expect(try format([], ["CISO_FORMAT": ""]) == "csv", "an empty variable counts as none")
        #expect(try format(["--format", "text"], ["CISO_FORMAT": "json"]) == "text")
        #expect(try format(["--format=text"], ["CISO_FORMAT": "json"]) == "text")
    }

    /// Each option of every command is read from `ciso.yaml`: a value that it cannot have is noticed there.
    @Test func flagsAreTrueOrFalseElsewhere() throws {
        let solve = { (environment: [String: String]) in try fixture.run(Self.solve, environment: environment) }
        #expect(try solve(["CISO_EXPLAIN": "true"]).status == 0)
        #expect(try solve(["CISO_EXPLAIN": "no"]).messages == "error: CISO_EXPLAIN='no': expected true or false\n")
        #expect(try solve(["CISO_EXPLAIN": "no"]).status == 2)
        try fixture.write("ciso.yaml", "quiet: maybe\n")
        #expect(try solve([:]).messages.contains("ciso.yaml:1:8: error: quiet: 'maybe': expected true or false"))
    }

    @Test func requiredOptionsMayComeFromElsewhere() throws {
        try fixture.write("ciso.yaml", "repository: repo\ntarget: debian-12\n")
        let output = try fixture.run(["solve", "lwt", "-q"], environment: ["CISO_COMPILER": "5.3.0"])
        #expect(output.output == "lwt.5.7: lwt.5.7 ocaml.5.3.0\n", "\(output.messages)")
        let several = try fixture.run(
            ["solve", "lwt", "--format", "csv", "-q"],
            environment: ["CISO_COMPILER": "5.3.0", "CISO_VARIABLE": "os=linux arch=arm64"])
        #expect(several.status == 0, "\(several.messages)")
    }

    @Test(arguments: [
        ("formt: json\n", "ciso.yaml:1:1: error: unknown setting 'formt'", "did you mean 'format'?"),
        ("sourcecache: x\n", "ciso.yaml:1:1: error: unknown setting 'sourcecache'", "did you mean 'source-cache'?"),
        ("format: xml\n", "ciso.yaml:1:9: error: format: 'xml'", "'text', 'json' or 'csv'"),
        ("format: [json]\n", "ciso.yaml:1:9: error: 'format' must be a text", "found a list"),
        ("- format\n", "ciso.yaml:1:1: error: expected a mapping of settings", "found a list"),
    ])
    func mistakesInTheFile(text: String, message: String, hint: String) throws {
        try fixture.write("ciso.yaml", text)
        let output = try fixture.run(Self.solve)
        #expect(output.status == 2 && output.output.isEmpty)
        #expect(output.messages.contains(message) && output.messages.contains(hint), "\(output.messages)")
        #expect(try fixture.run(["solve", "--help"]).status == 0, "help is always to be had")
    }

    // MARK: Exit codes

    private static func matrix(_ rest: String, repository: String = "path: repo") -> String {
        "deployment: d\nrepositories: [{\(repository)}]\ntargets: [debian-12]\ncompilers: [5.3.0]\n\(rest)\n"
    }

    private static let mistakes: [(line: String, status: Core.ExitStatus)] = [
        ("solv", .usage), ("plan", .usage), ("plan m.yaml --nowhere", .usage), ("plan m.yaml --format xml", .usage),
        ("retry", .usage), ("cancel", .usage), ("run --jobs=-1", .usage), ("plan gone.yaml", .input),
        ("plan broken.yaml", .input), ("plan target.yaml", .input), ("plan package.yaml", .input),
        ("plan lost.yaml", .input), ("results", .input), ("plan down.yaml", .infrastructure),
        ("plan pinned.yaml", .infrastructure), ("plan m.yaml --dry-run", .success), ("--version", .success),
        ("run m.yaml", .notGood),
    ]

    @Test(arguments: mistakes)
    func eachKindOfMistakeHasItsExitCode(line: String, status: Core.ExitStatus) throws {
        let arguments = line.split(separator: " ").map(String.init)
        try fixture.write("m.yaml", Self.matrix("packages: [bad]"))
        try fixture.write("broken.yaml", Self.matrix("packges: [bad]"))
        try fixture.write(
            "target.yaml", Self.matrix("packages: [bad]").replacingOccurrences(of: "debian", with: "dos"))
        try fixture.write("package.yaml", Self.matrix("packages: [bda]"))
        try fixture.write("down.yaml", Self.matrix("packages: [bad]", repository: "url: 'http://127.0.0.1:1/x.git'"))
        try fixture.write("pinned.yaml", Self.matrix("packages: [bad]\npins: {bad: 'git+http://127.0.0.1:1/x.git'}"))
        try fixture.write("lost.yaml", Self.matrix("packages: [bad]\npins: {bad: ./nowhere}"))
        let output = try fixture.run(
            arguments, environment: ProcessInfo.processInfo.environment.filter { $0.key == "PATH" })
        #expect(output.status == status.rawValue, "\(output.messages)")
        if status != .success, status != .notGood {
            #expect(output.output.isEmpty && !output.messages.isEmpty)
            #expect(
                !FileManager.default.fileExists(atPath: fixture.directory(".ciso/refs/heads/d")),
                "nothing is written")
        }
    }

    /// If the matrix requires something that the engine 'opam' does not support, it is rejected before anything is
    /// written.
    @Test(arguments: [
        (
            "{name: debian-12, run: 'ssh://ci@example.org', engine: opam}",
            "m.yaml:3:18: error: target 'debian-12' runs on hosts reached by ssh, but the engine 'opam' needs a sandbox"
        ),
        (
            "{name: openbsd-7.7, engine: opam}",
            "m.yaml:3:39: error: target 'openbsd-7.7': plugin 'openbsd' has no opam client for it"
        ),
        (
            "{name: openbsd-7.7, engine: opam, options: {opam-client: 2.1.2}}",
            "m.yaml:3:18: error: plugin 'openbsd': target 'openbsd-7.7': unknown option 'opam-client'"
        ),
    ])
    func anEngineThatCannotWorkIsRefused(target: String, message: String) throws {
        let text = Self.matrix("packages: [lwt]").replacing("[debian-12]", with: "[\(target)]")
        try fixture.write("m.yaml", text)
        for command in ["plan", "run"] {
            let output = try fixture.run([command, "m.yaml"])
            #expect(output.status == Core.ExitStatus.input.rawValue)
            #expect(output.output.isEmpty && output.messages.contains(message), "\(output.messages)")
            #expect(output.messages.contains("hint: "), "\(output.messages)")
            #expect(fixture.directory.read(".ciso/HEAD") == nil, "nothing is written")
        }
    }

    @Test func interruptsHaveTheirOwnExitCode() async throws {
        try fixture.write("m.yaml", Self.matrix("packages: [bad]"))
        #expect(try fixture.run(["plan", "m.yaml"]).status == 0)
        let process = try fixture.program(["watch"]).start()
        try await process.wait(until: "the state, behind which it waits") { !process.output.isEmpty }
        process.kill(SIGINT)
        #expect(process.wait().status == Core.ExitStatus.interrupted.rawValue)
    }

    @Test func cancelledCellsStaySoUntilTheyAreRetried() throws {
        try fixture.write("m.yaml", Self.matrix("packages: [lwt]"))
        #expect(try fixture.run(["plan", "m.yaml"]).status == 0)
        let cell = "debian-12/5.3.0/lwt.5.7"
        func state() throws -> String? {
            try fixture.run(["results", "--format", "json"]).cellStates()[cell]
        }
        #expect(try fixture.run(["cancel", "*/*/lwt", "--dry-run"]).output == "\(cell)\n")
        #expect(try state() == "pending")
        #expect(try fixture.run(["cancel", "*/*/lwt"]).output == "\(cell)\n")
        #expect(try state() == "cancelled")
        let again = try fixture.run(["cancel", "*/*/lwt"])
        #expect(again.status == 2 && again.messages.contains("no pending cell matches the selector"))
        #expect(try fixture.run(["run", "--only", "outcome:cancelled"]).status == Core.ExitStatus.notGood.rawValue)
        #expect(try state() == "cancelled", "a run leaves it alone")
        #expect(try fixture.run(["retry", "outcome:cancelled"]).status == 0)
        #expect(try state() == "pending")
    }
}
