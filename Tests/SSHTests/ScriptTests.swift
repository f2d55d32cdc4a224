import TestSupport
import Testing

@testable import SSH

/// The scripts that run on remote hosts.
@Suite struct ScriptTests {
    /// Values reach a script unchanged, whatever they contain.
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
