import Core
import Foundation
import PluginMessages
import TestSupport
import Testing

@testable import PluginHost
@testable import PluginTools

/// The output of `ci plugin new` builds and conforms outside of this repository.
@Suite struct SkeletonTests {
    @Test(arguments: PluginSkeleton.Kind.allCases)
    func thePluginInCBuildsAndConforms(kind: PluginSkeleton.Kind) async throws {
        let builder = try PluginBuilder()
        let skeleton = try PluginSkeleton(name: "plan9", language: .c, kind: kind, ciso: PackageDirectory.path)
        let directory = "\(builder.directory)/plan9"
        try skeleton.write(to: directory)
        #expect(skeleton.pluginName == "plan9")
        try await build(skeleton, in: directory)
        let again = await failure(of: try skeleton.write(to: directory))
        #expect(again?.description.contains("it exists already") == true)
    }

    /// The written package, built with the kit of this build.
    @Test(arguments: PluginSkeleton.Kind.allCases)
    func theSourceInSwiftConforms(kind: PluginSkeleton.Kind) async throws {
        let builder = try PluginBuilder()
        let skeleton = try PluginSkeleton(name: "haiku", language: .swift, kind: kind, ciso: PackageDirectory.path)
        let source = try #require(try skeleton.files()["Sources/CisoHaiku/Haiku.swift"])
        let path = try SwiftPlugin.build(source, named: "Haiku", in: builder.directory)
        let report = await Conformance.check(try #require(PluginFile(path: path)))
        #expect(report.isConforming, "\(report.checks)")
        let plugin = try await Plugin.load(try #require(PluginFile(path: path)))
        let request = TargetRequest(
            target: "haiku-1", distribution: "haiku", version: "1", architecture: "x86_64")
        let environment = try await plugin.target(request).environment
        #expect(environment.kind == (kind == .root ? .rootFileSystem : .host))
        #expect(environment.probe != nil)
    }

    /// Takes a build of the kit.
    @Test(.enabled(if: LongForm.isWanted, "set CISO_TEST_FULL=1"))
    func thePluginInSwiftBuildsAndConforms() async throws {
        let builder = try PluginBuilder()
        let skeleton = try PluginSkeleton(name: "haiku", language: .swift, kind: .root, ciso: PackageDirectory.path)
        let directory = "\(builder.directory)/haiku"
        try skeleton.write(to: directory)
        try await build(skeleton, in: directory)
    }

    @Test(arguments: ["", "9front", "a b", "a/b", "é", "libFoo.so", String(repeating: "a", count: 41)])
    func otherNamesAreRefused(name: String) async {
        let failure = await failure(of: try PluginSkeleton(name: name, language: .swift, ciso: "/ciso"))
        #expect(failure?.category == .input)
        #expect(failure?.description.contains("'\(name)': expected up to 40 letters and digits") == true)
    }

    /// The path is written into a manifest and a script: any characters in it remain text.
    @Test func pathsAreQuoted() throws {
        let path = #"/a "b'\c"#
        let manifest = try #require(
            try PluginSkeleton(name: "x", language: .swift, ciso: path).files()["Package.swift"])
        #expect(manifest.contains(#"path: "/a \"b'\\c""#))
        let script = try PluginSkeleton(name: "x", language: .c, ciso: path).buildScript
        #expect(script.contains(#"'/a "b'\''\c/Sources/PluginABI/include'"#))
        #expect(throws: Failure.self) { try PluginSkeleton(name: "x", language: .c, ciso: "https://x.example/ciso") }
    }

    private func build(_ skeleton: PluginSkeleton, in directory: String) async throws {
        try Program(["/bin/sh", "-c", skeleton.build.command], in: directory).output()
        let file = try #require(PluginFile(path: "\(directory)/\(skeleton.build.file)"))
        let report = await Conformance.check(file)
        #expect(report.isConforming, "\(report.checks)")
        #expect(report.identity?.name == skeleton.pluginName)
    }
}
