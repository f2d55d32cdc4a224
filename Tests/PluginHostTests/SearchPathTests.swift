import Core
import Foundation
import PluginMessages
import Testing

@testable import PluginHost

@Suite struct SearchPathTests {
    @Test(arguments: [
        ("libCisoOpenBSD.so", "openbsd"), ("/a/libCisoDebian.so", "debian"), ("x/libCisoa.so", "a"),
    ]) func fileNamesTellPluginNames(path: String, name: String) {
        #expect(PluginFile(path: path)?.name == name)
    }

    @Test(arguments: [
        "libCiso.so", "libDebian.so", "libCisoDebian.so.1", "libCiso-x.so", "", "/", "libCisoDebian.dylib",
    ])
    func otherFilesAreNoPlugins(path: String) {
        #expect(PluginFile(path: path) == nil)
    }

    /// Flags override the variable, which overrides the installed plugins; inside a directory, the order of the bytes
    /// of names decides.
    @Test func theFirstOfANameWins() throws {
        let builder = try PluginBuilder()
        let directories = ["flag", "variable", "bin"].map { "\(builder.directory)/\($0)" }
        for directory in directories {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        }
        builder.touch("flag/libCisoDebian.so")
        builder.touch("variable/libCisoDebian.so")
        builder.touch("variable/libCisoalpine.so")
        builder.touch("variable/libCisoAlpine.so")
        builder.touch("bin/libCisoFedora.so")
        builder.touch("bin/libOther.so")

        let path = PluginSearchPath(
            given: [directories[0], "/no/such/directory"], variable: ":\(directories[1]):",
            program: "\(directories[2])/ci")
        let found = path.find()
        #expect(
            found.files.map(\.path) == [
                "\(directories[1])/libCisoAlpine.so", "\(directories[0])/libCisoDebian.so",
                "\(directories[2])/libCisoFedora.so",
            ])
        #expect(
            found.shadowed.map { [$0.file.path, $0.by.path] } == [
                ["\(directories[1])/libCisoDebian.so", "\(directories[0])/libCisoDebian.so"],
                ["\(directories[1])/libCisoalpine.so", "\(directories[1])/libCisoAlpine.so"],
            ])
    }

    /// A file reached by two entries is one file, not a duplicate; an entry may be a file.
    @Test func entriesMayOverlap() throws {
        let builder = try PluginBuilder()
        let file = builder.touch("libCisoDebian.so")
        let found = PluginSearchPath(entries: [file, builder.directory, "\(builder.directory)/."]).find()
        #expect(found.files.map(\.path) == [file])
        #expect(found.shadowed.isEmpty)
    }

    @Test func absentPluginsAreReportedWithTheNearestName() async throws {
        let builder = try PluginBuilder()
        builder.touch("libCisoDebian.so")
        let catalog = PluginCatalog(PluginSearchPath(entries: [builder.directory]))
        let failure = await failure(of: try await catalog.plugin(named: "debain"))
        #expect(failure?.category == .input)
        #expect(failure?.description.contains("found: debian; searched: \(builder.directory)") == true)
        #expect(failure?.description.contains("did you mean 'debian'?") == true)
    }

    /// A plugin may serve a distribution that is not named like itself, and a broken stranger does not stop it.
    @Test func targetsAreFoundByDistribution() async throws {
        let builder = try PluginBuilder()
        _ = try builder.hostile()
        builder.touch("libCisoBroken.so")
        let catalog = PluginCatalog(PluginSearchPath(entries: [builder.directory]))
        let (plugin, request) = try await catalog.plugin(serving: "hostile")
        #expect(plugin.identity.name == "hostile")
        #expect(request.version == nil)
        #expect(request.architecture == "x86_64")
        let failure = await failure(of: try await catalog.plugin(serving: "plan9-4"))
        #expect(failure?.description.contains("no plugin serves the target 'plan9-4'") == true)
        let broken = await PluginHostTests.failure(of: try await catalog.plugin(serving: "broken-1"))
        #expect(broken?.description.contains("libCisoBroken.so") == true, "its own plugin's trouble is told")
    }
}
