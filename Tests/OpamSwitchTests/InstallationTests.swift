import OpamFormat
import Testing

@testable import OpamSwitch

@Suite struct InstallationTests {
    private func installation(_ text: String, root: String) throws -> Installation {
        let file = try InstallFile(parsing: Array(text.utf8), file: "p.install")
        return try Installation(file, of: "p", in: SwitchLayout(root: root))
    }

    @Test func everySectionHasItsDirectoryAndMode() throws {
        let directory = try ScriptDirectory()
        let text = """
            bin: ["b" {"prog"}] sbin: ["b"] lib: ["d" "sub/d" {"sub/e"}] libexec: ["b"]
            lib_root: ["d" {"root.ml"}] libexec_root: ["b" {"root.so"}] toplevel: ["d"] stublibs: ["b" {"dllp.so"}]
            man: ["p.1" "x" {"man3/x.3o"}] share: ["d"] share_root: ["d" {"emacs/p.el"}] etc: ["d"] doc: ["?none" "?d"]
            """
        for name in ["b", "d", "sub/d", "p.1", "x"] { try directory.write(name, to: "build/\(name)", mode: 0o664) }
        let script = try InstallScript(installation(text, root: directory.path)).text
        let run = try directory.run(script, in: "build")
        #expect(run.status == 0, "\(run.text)")
        let expected: [(String, String, Int)] = [
            ("bin/prog", "b", 0o755), ("sbin/b", "b", 0o755), ("lib/p/d", "d", 0o644), ("lib/p/sub/e", "sub/d", 0o644),
            ("lib/p/b", "b", 0o755), ("lib/root.ml", "d", 0o644), ("lib/root.so", "b", 0o755),
            ("lib/toplevel/d", "d", 0o644), ("lib/stublibs/dllp.so", "b", 0o755), ("man/man1/p.1", "p.1", 0o644),
            ("man/man3/x.3o", "x", 0o644), ("share/p/d", "d", 0o644), ("share/emacs/p.el", "d", 0o644),
            ("etc/p/d", "d", 0o644), ("doc/p/d", "d", 0o644),
        ]
        for (path, contents, mode) in expected {
            #expect(directory.read("default/\(path)") == contents, "\(path)")
            #expect(directory.mode(of: "default/\(path)") == mode, "\(path)")
        }
        #expect(directory.read("default/doc/p/none") == nil)
    }

    @Test func aMissingFileFailsAfterTheOthersAreInstalled() throws {
        let directory = try ScriptDirectory()
        try directory.write("1", to: "build/here")
        let script = try InstallScript(installation("lib: [\"gone\" \"here\"]", root: directory.path)).text
        let run = try directory.run(script, in: "build")
        #expect(run.status == 1)
        #expect(run.text.contains("'gone'"))
        #expect(directory.read("default/lib/p/here") == "1")
    }

    /// To opam a directory is not there.
    @Test func aDirectoryIsNotAFile() throws {
        let directory = try ScriptDirectory()
        try directory.write("1", to: "build/directory/here")
        for (file, status) in [("?directory", 0), ("directory", 1)] as [(String, Int32)] {
            let script = try InstallScript(installation("lib: [\"\(file)\"]", root: directory.path)).text
            let run = try directory.run(script, in: "build")
            #expect(run.status == status, "\(run.text)")
        }
    }

    @Test func namesThatNeedQuotingAreInstalled() throws {
        let directory = try ScriptDirectory()
        for name in ["a b", "-n", "it's", "*"] { try directory.write(name, to: "build/\(name)") }
        let script = try InstallScript(
            installation("lib: [\"a b\" \"-n\" \"it's\" \"*\" {\"star\"}]", root: directory.path)
        ).text
        let run = try directory.run(script, in: "build")
        #expect(run.status == 0, "\(run.text)")
        #expect(directory.read("default/lib/p/a b") == "a b")
        #expect(directory.read("default/lib/p/-n") == "-n")
        #expect(directory.read("default/lib/p/it's") == "it's")
        #expect(directory.read("default/lib/p/star") == "*")
    }

    @Test(arguments: ["../../../../etc/passwd", "../../.opam-switch/switch-state", "../../../x"])
    func nothingIsInstalledOutsideOfTheSwitch(destination: String) throws {
        #expect(throws: RecipeError.self) {
            try installation("lib: [\"x\" {\"\(destination)\"}]", root: "/opt/opam")
        }
    }
}
