import Foundation
import TestSupport
import Testing

@testable import SSH

/// The scripts that run on remote hosts.
@Suite struct ScriptTests {
    private static let folder = PackageFolder.url.appending(path: "Sources/SSH/Scripts")

    private func scripts() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).filter { $0.hasSuffix(".sh") }.sorted()
    }

    /// Shellcheck knows what POSIX does not have and what words a shell would split.
    @Test(.enabled(if: Program.areInstalled("shellcheck"), "needs the package 'shellcheck'"))
    func shellcheckFindsNothing() throws {
        let paths = try scripts().map { Self.folder.appending(path: $0).path }
        #expect(!paths.isEmpty)
        let ending = try Program(["shellcheck", "--shell=sh", "--severity=style"] + paths, isJoined: true).run()
        #expect(ending.status == 0, "\(ending.output)")
    }

    /// Values reach a script as they are, whatever they hold.
    @Test(arguments: ["dash", "bash", "mksh"].filter { Program.areInstalled($0) })
    func valuesAreQuoted(shell: String) throws {
        let odd = "a 'b' \"c\" $d `e` \\f\n*"
        let script = RemoteScript(
            Array("printf '%s|' \"$value\" \"$@\"; launch".utf8), ["value": odd], arguments: ["", odd],
            launching: ["printf", "%s", odd])
        let ending = try Program([shell, "-c", script.text], isJoined: true).run()
        #expect(ending.output == "\(odd)||\(odd)|\(odd)")
    }
}
