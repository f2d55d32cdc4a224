import Core
import Doctor
import Foundation
import PluginHost
import SSH
import System
import TestSupport
import Testing

/// The reports about a machine.
@Suite struct MachineCheckTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func findings(path: String, cache: Result<String?, any Error>) async -> [String: Finding] {
        let check = MachineCheck(
            store: directory("store"), environment: ProcessEnvironment(["PATH": path]),
            plugins: PluginSearchPath(given: []), hosts: HostSettings(),
            cache: cache)
        return Dictionary(await check.findings().map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    @Test func programsAreSearchedInTheGivenPath() async throws {
        try directory.write("#!/bin/sh\n", to: "bin/mmdebstrap", mode: 0o755)
        try directory.write("", to: "bin/git")
        let findings = await findings(path: "/dev/null:\(directory("bin"))", cache: .success(directory("cache")))
        #expect(findings["mmdebstrap"]?.state == .good)
        #expect(findings["mmdebstrap"]?.detail == "\(directory("bin"))/mmdebstrap makes Debian and Ubuntu environments")
        #expect(findings["git"]?.state == .absent && findings["git"]?.remedy == "apt-get install git")
        #expect(findings["cache"] == Finding(name: "cache", state: .good, detail: directory("cache")))
        #expect(findings["temporary files"]?.state == .good)
    }

    @Test func aCacheThatCannotBeUsedIsMissingWithItsRemedy() async {
        let failure = Failure(.unavailable, "the cache '/x' cannot be used", hint: "name another one")
        let findings = await findings(path: "", cache: .failure(failure))
        #expect(
            findings["cache"]
                == Finding(
                    name: "cache", state: .missing, detail: "the cache '/x' cannot be used", remedy: "name another one")
        )
        let without = await self.findings(path: "", cache: .success(nil))
        #expect(
            without["cache"]?.detail == "\(directory("store"))/ciso/cache: this user has no writable home directory")
    }

    @Test func aDirectoryThatIsAFileCannotBeWritten() throws {
        try directory.write("", to: "file")
        let failure = #expect(throws: Failure.self) {
            try WritableDirectory.check(directory("file/below"), "the cache", hint: "h")
        }
        #expect(failure?.category == .unavailable)
        #expect(failure?.description.contains("the cache '\(directory("file/below"))' cannot be used") == true)
        try WritableDirectory.check(directory("new/below"), "the cache", hint: "h")
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        #expect(names == ["file"], "the check left something")
    }

    /// In the kernel's file systems, not even root can create a file; permissions do not show that.
    @Test(arguments: ["/proc/x", "/proc", "/proc/self/fd/x", "/sys/x", "/dev/null", "/dev/fd/x"])
    func aDirectoryInWhichNoFileCanBeMadeIsNamed(path: String) {
        let failure = #expect(throws: Failure.self) { try WritableDirectory.check(path, "the cache", hint: "h") }
        #expect(failure?.category == .unavailable)
        #expect(failure?.description.contains("the cache '\(path)' cannot be used: ") == true)
    }
}
