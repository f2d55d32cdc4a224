import Foundation
import Testing

/// `ci plugin new` as an author meets it, in an empty folder.
@Suite struct PluginNewTests {
    @Test(arguments: ["swift", "c"])
    func aNameIsEnough(language: String) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "plugin-new-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let program = Program(folder: folder)
        let output = try program.run(["plugin", "new", "Haiku", "--language", language])
        #expect(output.status == 0, "\(output.talk)")
        #expect(output.data.hasPrefix("haiku: a plugin named 'haiku'"))
        let manifest = language == "swift" ? "Package.swift" : "build.sh"
        let text = try String(contentsOf: folder.appending(path: "haiku/\(manifest)"), encoding: .utf8)
        #expect(text.contains(FileManager.default.currentDirectoryPath))

        let astray = try program.run(["plugin", "new", "Haiku", "--ciso", folder.path])
        #expect(astray.status == 2 && astray.talk.contains("found no PluginABI.h"))
    }
}
