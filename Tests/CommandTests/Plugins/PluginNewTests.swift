import Foundation
import TestSupport
import Testing

/// `ci plugin new` as an author meets it, in an empty directory.
@Suite struct PluginNewTests {
    @Test(arguments: ["swift", "c"])
    func aNameIsEnough(language: String) throws {
        let fixture = try CommandFixture()
        let output = try fixture.run(["plugin", "new", "Haiku", "--language", language])
        #expect(output.status == 0, "\(output.messages)")
        #expect(output.output.hasPrefix("haiku: a plugin named 'haiku'"))
        let manifest = language == "swift" ? "Package.swift" : "build.sh"
        let text = fixture.directory.read("haiku/\(manifest)")
        #expect(text?.contains(FileManager.default.currentDirectoryPath) == true)

        let astray = try fixture.run(["plugin", "new", "Haiku", "--ciso", fixture.directory.path])
        #expect(astray.status == 2 && astray.messages.contains("found no PluginABI.h"))
    }
}
