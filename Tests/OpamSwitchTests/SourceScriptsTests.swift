import Testing

@testable import OpamSwitch

@Suite struct SourceScriptsTests {
    private func unpacked(_ make: String, subpath: String? = nil) throws -> ScriptFolder {
        let folder = try ScriptFolder()
        #expect(try folder.run("mkdir in && cd in\n\(make)\ntar -czf ../a.tgz *").status == 0)
        let script = SourceScripts.unpack(
            "\(folder.path)/a.tgz", name: "a.tgz", subpath: subpath, isArchive: true, to: "\(folder.path)/build/p")
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

    @Test func aFileThatIsNoArchiveKeepsItsName() throws {
        let folder = try ScriptFolder()
        try folder.write("let x = 1", to: "source")
        let script = SourceScripts.unpack(
            "\(folder.path)/source", name: "x.ml", subpath: nil, isArchive: false, to: "\(folder.path)/build")
        #expect(try folder.run(script).status == 0)
        #expect(folder.read("build/x.ml") == "let x = 1")
    }

    @Test func patchesApplyInOrder() throws {
        let folder = try ScriptFolder()
        try folder.write("one\n", to: "f")
        try folder.write("--- a/f\n+++ b/f\n@@ -1 +1 @@\n-one\n+two\n", to: "first.patch")
        try folder.write("--- a/f\n+++ b/f\n@@ -1 +1 @@\n-two\n+three\n", to: "fixes/second.patch")
        let run = try folder.run(SourceScripts.apply(["first.patch", "fixes/second.patch"]))
        #expect(run.status == 0, "\(run.text)")
        #expect(folder.read("f") == "three\n")
        #expect(try folder.run(SourceScripts.apply(["first.patch"])).status != 0)
    }
}
