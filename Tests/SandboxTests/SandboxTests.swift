import Foundation
import Sandbox
import SandboxTestSupport
import Supervision
import Testing

@Suite(.enabled(if: SandboxFixture.isSandboxPossible, "needs bubblewrap and user namespaces"))
struct SandboxTests {
    let fixture: SandboxFixture

    init() throws { fixture = try SandboxFixture() }

    @Test func aCommandRunsAndItsOutputIsReturned() async throws {
        let (result, output) = try await fixture.sandbox().sh("echo hello; id -u; id -g; pwd; exit 3")
        #expect(result.ending == .exited(3), "\(result)")
        #expect(output == "hello\n1000\n1000\n/home/build\n")
        #expect(result.outputBytes == output.utf8.count)
    }

    @Test func commandsSeeWhatTheOnesBeforeLeft() async throws {
        let sandbox = try fixture.sandbox()
        #expect(await sandbox.sh("echo one > f; echo two > /tmp/t").result.succeeded)
        #expect(await sandbox.sh("cat f /tmp/t").output == "one\ntwo\n")
        #expect(await sandbox.sh("touch /root-made && stat -c %u /root-made", user: .root).output == "0\n")
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.layout.base + "/home/build").isEmpty)
    }

    /// Writable and read-only paths; a link made by a build gives no access to files of the machine.
    @Test func onlyNamedDirectoriesAreWritable() async throws {
        let sandbox = try fixture.sandbox()
        #expect(await sandbox.sh("mkdir -p own/inner shared").result.succeeded)
        func tried(_ access: [Command.Access]) async -> [String] {
            let script = """
                for place in own own/inner shared . /tmp; do
                    if touch "$place/file" 2>/dev/null; then echo "$place"; fi
                done
                """
            return await sandbox.sh(script, writableOnly: access).output.split(separator: "\n").map(String.init)
        }
        let home = "/home/build"
        #expect(await tried([]) == ["/tmp"])
        #expect(await tried([.init("\(home)/own", isWritable: true)]) == ["own", "own/inner", "/tmp"])
        #expect(
            await tried([
                .init(home, isWritable: true), .init("\(home)/own", isWritable: false),
                .init("\(home)/own/inner", isWritable: true),
            ]) == ["own/inner", "shared", ".", "/tmp"])
        #expect(await sandbox.sh("rm -r own; ln -s \(fixture.path) own").result.succeeded)
        let listed = await sandbox.sh("ls own/ || echo nothing", writableOnly: [.init("\(home)/own", isWritable: true)])
        #expect(listed.output.hasSuffix("nothing\n"), "\(listed)")
    }

    @Test func manySandboxesRunAtATime() async throws {
        let fixture = fixture
        let outputs = try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<12 {
                group.addTask {
                    let sandbox = try fixture.sandbox()
                    return await sandbox.sh("echo \(number) > f; sleep 0.2; cat f; ls /home/build | wc -l").output
                }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(outputs == Set((0..<12).map { "\($0)\n1\n" }))
    }
}
