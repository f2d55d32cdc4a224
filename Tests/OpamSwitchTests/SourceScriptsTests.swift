import Archive
import Testing

@testable import OpamSwitch

@Suite struct SourceScriptsTests {
    private func unpacked(_ make: String, subpath: String? = nil) throws -> ScriptFolder {
        let folder = try ScriptFolder()
        #expect(try folder.run("mkdir in && cd in\n\(make)\ntar -czf ../a.tgz *").status == 0)
        let script = SourceScripts.unpack(
            ("\(folder.path)/a.tgz", "a.tgz"), subpath: subpath, to: "\(folder.path)/build/p")
        let run = try folder.run("mkdir build\n" + script)
        #expect(run.status == 0, "\(run.text)")
        return folder
    }

    @Test func aSingleDirectoryIsTheSource() throws {
        let folder = try unpacked("mkdir p-1.0; echo 1 >p-1.0/a; echo 2 >p-1.0/.hidden")
        #expect(folder.read("build/p/a") == "1\n")
        #expect(folder.read("build/p/.hidden") == "2\n")
        #expect(try folder.run("ls -A build").text == "p\n")
    }

    @Test func severalThingsAreTheSourceTogether() throws {
        let folder = try unpacked("mkdir d; echo 1 >d/a; echo 2 >b")
        #expect(folder.read("build/p/d/a") == "1\n")
        #expect(folder.read("build/p/b") == "2\n")
    }

    @Test func aFolderOfTheSourceMayBeThePackage() throws {
        let folder = try unpacked("mkdir -p top/sub; echo 1 >top/sub/a; echo 2 >top/b", subpath: "sub")
        #expect(folder.read("build/p/a") == "1\n")
        #expect(folder.read("build/p/b") == nil)
    }

    @Test(arguments: [
        ("mkdir d 'e e'; echo 1 >d/a; touch pax_global_header", "multiple root directories: 'd', 'e e'"),
        ("touch pax_global_header", "is empty"),
    ])
    func withoutAFileOneDirectoryIsTheSource(make: String, problem: String) throws {
        let folder = try ScriptFolder()
        #expect(try folder.run("mkdir in && cd in\n\(make)\ntar -czf ../a.tgz *").status == 0)
        let script = SourceScripts.unpack(
            ("\(folder.path)/a.tgz", "p-1.tgz"), subpath: nil, to: "\(folder.path)/build/p")
        let run = try folder.run("mkdir build\n" + script)
        #expect(run.status == 1)
        #expect(run.text.contains("Error: the archive 'p-1.tgz' ") && run.text.contains(problem), "\(run.text)")
    }

    @Test func aFolderThatTheArchiveDoesNotHaveIsNamed() throws {
        let folder = try ScriptFolder()
        #expect(try folder.run("mkdir p; tar -czf a.tgz p; mkdir build").status == 0)
        let run = try folder.run(
            SourceScripts.unpack(("\(folder.path)/a.tgz", "a.tgz"), subpath: "s", to: "\(folder.path)/build/p"))
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
        let folder = try ScriptFolder()
        try folder.write("one\n", to: "f")
        try folder.write(patch, to: "fix it.diff")
        let run = try folder.run(SourceScripts.apply([FilePath("fix it.diff")]))
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
        let folder = try ScriptFolder()
        try folder.write(file, to: "f")
        try folder.write("--- a/f\(end)+++ b/f\(end)@@ -1,3 +1,3 @@\(end)\(hunk)", to: "p.diff")
        let run = try folder.run(SourceScripts.apply([FilePath("p.diff")]))
        #expect((run.status == 0) == (result != nil), "\(run.text)")
        if let result { #expect(folder.read("f") == result) }
    }

    @Test func aPatchThatIsNotThereIsNamed() throws {
        let run = try ScriptFolder().run(SourceScripts.apply([FilePath("p.diff")]))
        #expect(run.status == 1)
        #expect(run.text == "Error: there is no patch 'p.diff'\n")
    }

    /// A file whose name is not UTF-8, in a folder whose name is not.
    @Test func namesInAnyEncodingArePlaced() throws {
        let folder = try ScriptFolder()
        try folder.write("1", to: "staged")
        let name = FilePath(bytes: Array("caf".utf8) + [0xE9] + Array("/it's 100% \\".utf8) + [0xFF])
        let run = try folder.run(SourceScripts.place([(name, "\(folder.path)/staged")]))
        #expect(run.status == 0, "\(run.text)")
        let folders = try #require(entryNames(of: FilePath(folder.path)))
        #expect(folders.contains(name.components[0]))
        #expect(entryNames(of: FilePath(folder.path).appending(name.components[0])) == [name.components[1]])
    }

    @Test func aPatchsNameMayBeInAnyEncoding() throws {
        let folder = try ScriptFolder()
        try folder.write("one\n", to: "f")
        try folder.write("--- a/f\n+++ b/f\n@@ -1 +1 @@\n-one\n+two\n", to: "p")
        let name = FilePath(bytes: Array("caf".utf8) + [0xE9] + Array(".diff".utf8))
        let place = SourceScripts.place([(name, "\(folder.path)/p")])
        let run = try folder.run(place + SourceScripts.apply([name]))
        #expect(run.status == 0, "\(run.text)")
        #expect(folder.read("f") == "two\n")
        let wrong = try folder.run(SourceScripts.apply([FilePath(bytes: [0xE8])]))
        #expect(wrong.status == 1 && wrong.text.contains("there is no patch"), "\(wrong.text)")
    }

    @Test func patchesApplyInOrder() throws {
        let folder = try ScriptFolder()
        try folder.write("one\n", to: "f")
        try folder.write("--- a/f\n+++ b/f\n@@ -1 +1 @@\n-one\n+two\n", to: "first.patch")
        try folder.write("--- a/f\n+++ b/f\n@@ -1 +1 @@\n-two\n+three\n", to: "fixes/second.patch")
        let run = try folder.run(SourceScripts.apply([FilePath("first.patch"), FilePath("fixes/second.patch")]))
        #expect(run.status == 0, "\(run.text)")
        #expect(folder.read("f") == "three\n")
        #expect(try folder.run(SourceScripts.apply([FilePath("first.patch")])).status != 0)
    }
}
