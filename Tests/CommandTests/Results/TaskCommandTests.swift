import Foundation
import Model
import Records
import Store
import TestSupport
import Testing

/// Tasks that are submitted, listed, cancelled and carried out by the program; workers that are paused.
@Suite struct TaskCommandTests {
    private let fixture: CommandFixture

    /// A matrix whose cells need no sandbox, because none of them has a solution.
    init() throws {
        fixture = try CommandFixture()
        try fixture.write(packages: ["ocaml.5.3.0": "", "bad.1": "depends: \"gone\"", "worse.1": "depends: \"bad\""])
        try fixture.write("m.yaml", Self.matrix)
    }

    private static let matrix = """
        deployment: small
        repositories: [{path: repo}]
        targets: [debian-12]
        compilers: [{version: 5.3.0}]
        packages: [bad, worse]

        """

    private struct Status: Decodable {
        struct Task: Decodable {
            var name: String
            var state: String
            var cells: [String: Int]?
        }

        var deployment: String
        var tasks: [Task]?
    }

    private func tasks() throws -> [String: String] {
        let lines = try fixture.run(["status"]).output.split(separator: "\n")
        guard let head = lines.firstIndex(where: { $0.hasPrefix("tasks: ") }) else { return [:] }
        return Dictionary(
            lines[(head + 1)...].map { line in
                let words = line.split(separator: " ")
                return (String(words[0]), String(words[1]))
            }, uniquingKeysWith: { $1 })
    }

    @Test func aRunOfTheDeploymentTakesItsTasks() async throws {
        let submitted = try fixture.run(["submit", "m.yaml", "--name", "nightly"])
        #expect(submitted.status == 0 && submitted.output == "nightly\n", "\(submitted.messages)")
        let other = Self.matrix.replacing("deployment: small", with: "deployment: other")
        try fixture.write("other.yaml", other)
        #expect(try fixture.run(["submit", "other.yaml", "--name", "elsewhere"]).status == 0)
        #expect(try tasks() == ["nightly": "submitted", "elsewhere": "submitted"])
        let run = try fixture.run(["run", "m.yaml"])
        #expect(run.status == 1 && run.messages.contains("task nightly: complete: 2 unsolvable"), "\(run.messages)")
        #expect(try tasks() == ["nightly": "complete", "elsewhere": "submitted"])
        let json = try fixture.run(["status", "--format", "json"]).output
        let statuses = try JSONDecoder().decode([Status].self, from: Data(json.utf8))
        #expect(statuses.map(\.deployment) == ["small"])
        #expect(statuses[0].tasks?.map(\.name) == ["nightly"] && statuses[0].tasks?[0].cells == ["unsolvable": 2])
        let verified = try fixture.run(["store", "verify"])
        #expect(verified.status == 0, "\(verified.output) \(verified.messages)")
    }

    @Test func aServingRunExecutesSubmittedAndPushedTasks() async throws {
        let server = try fixture.program(["run", "--serve"]).start()
        try await server.wait(until: "the store") {
            FileManager.default.fileExists(atPath: fixture.directory(".ciso/HEAD"))
        }
        #expect(try fixture.run(["submit", "m.yaml", "--name", "first"]).status == 0)
        try await waitUntil("first is complete") { try tasks()["first"] == "complete" }
        let clone = fixture.directory("work")
        try FileManager.default.createDirectory(atPath: clone, withIntermediateDirectories: true)
        try git("init", "-q", at: clone)
        try fixture.write("work/matrix.yaml", Self.matrix.replacing("[bad, worse]", with: "[worse]"))
        try git("add", "matrix.yaml", at: clone)
        try git("commit", "-q", "-m", "Test worse", at: clone)
        try git("push", "-q", fixture.directory(".ciso"), "HEAD:refs/heads/requests/pushed", at: clone)
        try await waitUntil("pushed is complete") { try tasks()["pushed"] == "complete" }
        try fixture.write("work/matrix.yaml", "deployment: [")
        try git("commit", "-q", "-a", "-m", "Break it", at: clone)
        try git("push", "-q", fixture.directory(".ciso"), "HEAD:refs/heads/requests/broken", at: clone)
        try await waitUntil("broken is rejected") { try tasks()["broken"] == "rejected" }
        // The limit of a matrix holds for pushed ones, and its sender is named, not the process that refused it.
        try fixture.write("work/matrix.yaml", "# " + String(repeating: "x", count: 1 << 20))
        try git("commit", "-q", "-a", "-m", "Make it large", at: clone)
        try git("push", "-q", fixture.directory(".ciso"), "HEAD:refs/heads/requests/large", at: clone)
        try await waitUntil("large is rejected") { try tasks()["large"] == "rejected" }
        let status = try fixture.run(["status"]).output
        #expect(status.contains("has more than 1048576 bytes"), "\(status)")
        let author = try git("log", "-1", "--format=%an", at: clone)
        let submitted = try SubmittedTask.all(in: Store(opening: fixture.directory(".ciso")))
        #expect(submitted.filter { $0.name != "first" }.map(\.request.submitter) == Array(repeating: author, count: 3))
        server.kill(SIGINT)
        let ending = try await server.end()
        #expect(ending.status == 130, "\(ending.messages)")
        #expect(ending.messages.contains("task pushed: complete: 1 unsolvable"), "\(ending.messages)")
        #expect(try fixture.run(["store", "verify"]).status == 0)
    }

    @Test func aTaskIsCancelledOnce() throws {
        #expect(try fixture.run(["submit", "m.yaml", "--name", "nightly"]).status == 0)
        let again = try fixture.run(["submit", "m.yaml", "--name", "nightly"])
        #expect(again.status == 2 && again.messages.contains("there is a task 'nightly' already"), "\(again.messages)")
        #expect(try fixture.run(["cancel", "--task", "nightly", "--dry-run"]).output == "nightly\n")
        #expect(try tasks() == ["nightly": "submitted"])
        #expect(try fixture.run(["cancel", "--task", "nightly"]).output == "nightly\n")
        #expect(try tasks() == ["nightly": "cancelled"])
        let ended = try fixture.run(["cancel", "--task", "nightly"])
        #expect(ended.status == 2 && ended.messages.contains("has ended already"), "\(ended.messages)")
        let unknown = try fixture.run(["cancel", "--task", "nightyl"])
        #expect(unknown.status == 2 && unknown.messages.contains("did you mean 'nightly'?"), "\(unknown.messages)")
        #expect(try fixture.run(["cancel"]).status == 64)
        #expect(try !fixture.run(["run", "m.yaml"]).messages.contains("task nightly"))
    }

    @Test func wrongInputIsRefusedBeforeAnythingIsWritten() throws {
        try fixture.write("broken.yaml", "deployment: [")
        let broken = try fixture.run(["submit", "broken.yaml"])
        #expect(broken.status == 2 && broken.messages.contains("broken.yaml:2:1: error: "), "\(broken.messages)")
        #expect(try fixture.run(["submit", "m.yaml", "--name", "a/b"]).status == 64)
        #expect(try fixture.run(["submit", "m.yaml", "--name", ".."]).status == 64)
        #expect(fixture.directory.read(".ciso/HEAD") == nil)
        let unnamed = try fixture.run(["submit", "m.yaml"])
        #expect(unnamed.output.hasPrefix("small-"), "\(unnamed.output)")
    }

    @Test func modesAreRequestedOfRegisteredWorkers() throws {
        #expect(try fixture.run(["plan", "m.yaml"]).status == 0)
        for command in [["pause", "*"], ["pause", "*", "--resume"], ["drain", "x"]] {
            let output = try fixture.run(command)
            #expect(output.status == 2 && output.messages.contains("no worker matches"), "\(output.messages)")
        }
    }
}
