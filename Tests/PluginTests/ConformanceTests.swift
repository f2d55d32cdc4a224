import Foundation
import PluginHost
import PluginMessages
import PluginTools
import Testing

@Suite struct ConformanceTests {
    @Test(arguments: ShippedPlugins.names) func shippedPluginsConform(name: String) async throws {
        let file = try #require(ShippedPlugins.catalog.found.files.first { $0.name == name })
        let report = await Conformance.check(file)
        for check in report.checks {
            switch check.status {
            case .passed: break
            case .failed(let problems): Issue.record("\(name): \(check.name): \(problems.joined(separator: "\n"))")
            // Without the shell nothing is known about the scripts: scripts/test installs dash, bash and mksh.
            case .skipped(let reason): withKnownIssue("\(name): \(check.name): \(reason)") { Issue.record("not tried") }
            }
        }
        #expect(report.checks.count >= 10)
    }

    /// The syntax check is effective: each family's shell finds the mistake.
    @Test(arguments: ShellFamily.allCases) func brokenScriptsAreFound(family: ShellFamily) throws {
        guard let shell = ScriptShell.find(in: ["/bin", "/usr/bin"])[family] else { return }
        #expect(ScriptShell.syntaxError(in: "if true; then echo; fi\n", shell: shell) == nil)
        #expect(ScriptShell.syntaxError(in: "if true; then echo\n", shell: shell) != nil)
        #expect(ScriptShell.syntaxError(in: "echo 'open\n", shell: shell) != nil)
    }

    /// Shells of different families accept different scripts, so each family has its own shell.
    @Test func theShellsDiffer() throws {
        let shells = ScriptShell.find(in: ["/bin", "/usr/bin"])
        let array = "words=(a b)\n"
        if let dash = shells[.posix] { #expect(ScriptShell.syntaxError(in: array, shell: dash) != nil) }
        if let korn = shells[.korn] { #expect(ScriptShell.syntaxError(in: array, shell: korn) == nil) }
    }
}
