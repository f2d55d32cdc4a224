import Archive
import Testing

@testable import OpamSwitch

@Suite struct SourceScriptsTests {
    private func unpacked(_ make: String, subpath: String? = nil) throws -> ScriptDirectory {
        let directory = try ScriptDirectory()
        #expect(try directory.run("mkdir in && cd in\n\(make)\ntar -czf ../a.tgz *").status == 0)
        let script = SourceScripts.unpack(
            ("\(directory.path)/a.tgz", "a.tgz"), subpath: subpath, to: "\(directory.path)/build/p")
        let run = try directory.run("mkdir build\n" + script)
        #expect(run.status == 0, "\(run.text)")
        return directory
    }

    @Test func aSingleDirectoryIsTheSource() throws {
        let directory = try unpacked("mkdir p-1.0; echo 1 >p-1.0/a; echo 2 >p-1.0/.hidden")
        #expect(directory.read("build/p/a") == "1\n")
        #expect(directory.read("build/p/.hidden") == "2\n")
        #expect(try directory.run("ls -A build").text == "p\n")
    }

    @Test func severalThingsAreTheSourceTogether() throws {
        let directory = try unpacked("mkdir d; echo 1 >d/a; echo 2 >b")
        #expect(directory.read("build/p/d/a") == "1\n")
        #expect(directory.read("build/p/b") == "2\n")
    }

    @Test func aDirectoryOfTheSourceMayBeThePackage() throws {
        let directory = try unpacked("mkdir -p top/sub; echo 1 >top/sub/a; echo 2 >top/b", subpath: "sub")
        #expect(directory.read("build/p/a") == "1\n")
        #expect(directory.read("build/p/b") == nil)
    }

    @Test(arguments: [
        ("mkdir d 'e e'; echo 1 >d/a; touch pax_global_header", "multiple root directories: 'd', 'e e'"),
        ("touch pax_global_header", "is empty"),
    ])
    func withoutAFileOneDirectoryIsTheSource(make: String, problem: String) throws {
        let directory = try ScriptDirectory()
        #expect(try directory.run("mkdir in && cd in\n\(make)\ntar -czf ../a.tgz *").status == 0)
        let script = SourceScripts.unpack(
            ("\(directory.path)/a.tgz", "p-1.tgz"), subpath: nil, to: "\(directory.path)/build/p")
        let run = try directory.run("mkdir build\n" + script)
        #expect(run.status == 1)
        #expect(run.text.contains("Error: the archive 'p-1.tgz' ") && run.text.contains(problem), "\(run.text)")
    }

    @Test func aDirectoryThatTheArchiveDoesNotHaveIsNamed() throws {
        let directory = try ScriptDirectory()
        #expect(try directory.run("mkdir p; tar -czf a.tgz p; mkdir build").status == 0)
        let run = try directory.run(
            SourceScripts.unpack(("\(directory.path)/a.tgz", "a.tgz"), subpath: "s", to: "\(directory.path)/build/p"))
        #expect(run.status == 1)
        #expect(run.text == "Error: the archive 'a.tgz' has no directory 's'\n")
    }

    @Test(arguments: [
        ("--- a/f\n+++ b/f\n@@ -1 +1 @@\n-two\n+three\n", "f: Hunk #1 FAILED at 1."),
        ("--- a/g\n+++ b/g\n@@ -1 +1 @@\n-two\n+three\n", "can't find file to patch at input line 3"),
        ("no patch\n", "Only garbage was found in the patch input."),
        ("--- a/f\n+++ b/f\n@@ -1,3 +1 @@\n-one\n", "f: malformed patch at line 4"),
    ])
    func aPatchThatDoesNotApplyIsNamed(patch: String, why: String) throws {
        let directory = try ScriptDirectory()
        try directory.write("one\n", to: "f")
        try directory.write(patch, to: "fix it.diff")
        let run = try directory.run(SourceScripts.apply([FilePath("fix it.diff")]))
        #expect(run.status == 1)
        let last = run.text.split(separator: "\n").last ?? ""
        #expect(last.hasPrefix("Error: the patch 'fix it.diff' does not apply: \(why)"), "\(run.text)")
    }

    /// Line ends of a file and of a patch, and the resulting file; nil if the patch does not apply. Opam 2.1.2 passes
    /// an empty patch to `patch` if every line of the file ends with a carriage return; later versions give the results
    /// below.
    @Test(arguments: [
        ("one\r\ntwo\r\nthree\r\n", " one\n-two\n+TWO\n three\n", "\n", "one\r\nTWO\r\nthree\r\n"),
        ("one\ntwo\nthree\n", " one\r\n-two\r\n+TWO\r\n three\r\n", "\r\n", "one\nTWO\nthree\n"),
        ("one\r\ntwo\r\nthree\r\n", " one\r\n-two\r\n+TWO\r\n three\r\n", "\r\n", "one\r\nTWO\r\nthree\r\n"),
        ("one\r\ntwo\r\nthree\r\n", " one\r\n-two\r\n+TWO\r\n three\r\n", "\n", "one\r\nTWO\r\nthree\r\n"),
        ("one\ntwo\r\nthree\n", " one\n-two\r\n+TWO\r\n three\n", "\n", "one\nTWO\r\nthree\n"),
        ("one\ntwo\r\nthree\n", " one\n-two\n+TWO\n three\n", "\n", nil),
        ("one\ntwo\nthree\n", " one\n-two\n+TWO\r\n three\n", "\n", "one\nTWO\r\nthree\n"),
        (
            "one\r\ntwo\r\nthree", " one\n-two\n+TWO\n three\n\\ No newline at end of file\n", "\n",
            nil as String?
        ),
    ])
    func lineEndsOfPatchesAreThoseOfTheFile(file: String, hunk: String, end: String, result: String?) throws {
        let directory = try ScriptDirectory()
        try directory.write(file, to: "f")
        try directory.write("--- a/f\(end)+++ b/f\(end)@@ -1,3 +1,3 @@\(end)\(hunk)", to: "p.diff")
        let run = try directory.run(SourceScripts.apply([FilePath("p.diff")]))
        #expect((run.status == 0) == (result != nil), "\(run.text)")
        if let result { #expect(directory.read("f") == result) }
    }

    @Test func aPatchThatIsNotThereIsNamed() throws {
        let run = try ScriptDirectory().run(SourceScripts.apply([FilePath("p.diff")]))
        #expect(run.status == 1)
        #expect(run.text == "Error: there is no patch 'p.diff'\n")
    }

    /// A file whose name is not UTF-8, in a directory whose name is not.
    @Test func namesInAnyEncodingArePlaced() throws {
        let directory = try ScriptDirectory()
        try directory.write("1", to: "staged")
        let name = FilePath(bytes: Array("caf".utf8) + [0xE9] + Array("/it's 100% \\".utf8) + [0xFF])
        let run = try directory.run(SourceScripts.copy([(name, "\(directory.path)/staged")]))
        #expect(run.status == 0, "\(run.text)")
        let directories = try #require(entryNames(of: FilePath(directory.path)))
        #expect(directories.contains(name.components[0]))
        #expect(entryNames(of: FilePath(directory.path).appending(name.components[0])) == [name.components[1]])
    }

    @Test func aPatchsNameMayBeInAnyEncoding() throws {
        let directory = try ScriptDirectory()
        try directory.write("one\n", to: "f")
        try directory.write("--- a/f\n+++ b/f\n@@ -1 +1 @@\n-one\n+two\n", to: "p")
        let name = FilePath(bytes: Array("caf".utf8) + [0xE9] + Array(".diff".utf8))
        let copy = SourceScripts.copy([(name, "\(directory.path)/p")])
        let run = try directory.run(copy + SourceScripts.apply([name]))
        #expect(run.status == 0, "\(run.text)")
        #expect(directory.read("f") == "two\n")
        let wrong = try directory.run(SourceScripts.apply([FilePath(bytes: [0xE8])]))
        #expect(wrong.status == 1 && wrong.text.contains("there is no patch"), "\(wrong.text)")
    }

    @Test func patchesApplyInOrder() throws {
        let directory = try ScriptDirectory()
        try directory.write("one\n", to: "f")
        try directory.write("--- a/f\n+++ b/f\n@@ -1 +1 @@\n-one\n+two\n", to: "first.patch")
        try directory.write("--- a/f\n+++ b/f\n@@ -1 +1 @@\n-two\n+three\n", to: "fixes/second.patch")
        let run = try directory.run(SourceScripts.apply([FilePath("first.patch"), FilePath("fixes/second.patch")]))
        #expect(run.status == 0, "\(run.text)")
        #expect(directory.read("f") == "three\n")
        #expect(try directory.run(SourceScripts.apply([FilePath("first.patch")])).status != 0)
    }
}
