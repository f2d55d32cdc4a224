import Foundation
import Glibc
import TestSupport
import Testing

/// The location of the cache, and the consequences if it is unusable.
@Suite struct CacheOptionTests {
    let fixture: CommandFixture

    init() throws {
        fixture = try CommandFixture()
        try fixture.write(packages: ["ocaml.5.3.0": "", "a.1": ""])
    }

    private func solve(_ more: [String] = [], home: String?, _ environment: [String: String] = [:]) throws
        -> Program.Ending
    {
        let words = ["solve", "--repository", "repo", "--target", "debian-12", "--compiler", "5.3.0", "a"]
        let usual = ["CISO_CACHE": "", "PATH": "/usr/bin:/bin"].merging(home.map { ["HOME": $0] } ?? [:]) { $1 }
        return try fixture.run(words + more, environment: usual.merging(environment) { $1 })
    }

    /// The home directory of a user that has none. It is in the fixture, because `/nonexistent`, the one that Debian
    /// names, exists where something has created it.
    private var absentHome: String { fixture.directory("absent") }

    @Test(arguments: [nil, "", "relative", "/dev/null", "absent", "absent/home"])
    func nothingIsMadeInAHomeThatIsNotThere(home: String?) throws {
        let before = try fixture.directory.path.entries()
        let isAbsent = home?.hasPrefix("absent") == true
        let ending = try solve(home: isAbsent ? home.map { fixture.directory($0) } : home)
        #expect(ending.status == 0, "\(ending.messages)")
        #expect(try fixture.directory.path.entries() == before)
    }

    @Test(arguments: [false, true]) func aCacheThatIsNamedNeedsNoHome(isSet: Bool) throws {
        let home = isSet ? absentHome : nil
        #expect(try solve(["--cache", "mine"], home: home).status == 0)
        #expect(try fixture.directory("mine").entries() != [])
        #expect(try solve(home: home, ["XDG_CACHE_HOME": fixture.directory("xdg")]).status == 0)
        #expect(try fixture.directory("xdg/ciso").entries() != [])
        try fixture.write("ciso.yaml", "cache: ours\n")
        #expect(try solve(home: home).status == 0)
        #expect(try fixture.directory("ours").entries() != [])
    }

    @Test func aCacheThatCannotBeUsedIsNamed() throws {
        try fixture.write("file", "x")
        for cache in ["file", "file/below", "/dev/null", "/proc/x", "/sys/x"] {
            let ending = try solve(["--cache", cache], home: nil)
            #expect(ending.status == 3 && ending.messages.contains("'\(cache)' cannot be used"), "\(ending.messages)")
            #expect(ending.messages.contains("--cache"), "\(ending.messages)")
        }
        let other = try solve(home: nil, ["XDG_CACHE_HOME": fixture.directory("file")])
        #expect(other.status == 3 && other.messages.contains("XDG_CACHE_HOME"), "\(other.messages)")
    }

    private static let matrix = """
        deployment: d
        repositories: [{path: repo}]
        targets: [debian-12]
        compilers: [5.3.0]
        packages: [a]
        """

    /// Every command that would write an unwritable cache names it, even if the permissions do not show that it is
    /// unwritable.
    @Test(arguments: ["plan", "run"], ["/proc/x", "/dev/null/x"])
    func aPlanNeedsACacheThatCanBeWritten(command: String, cache: String) throws {
        try fixture.write("matrix.yaml", Self.matrix)
        let environment = ["CISO_CACHE": cache, "PATH": "/usr/bin:/bin"]
        let ending = try fixture.run([command, "matrix.yaml", "--store", "store"], environment: environment)
        #expect(ending.status == 3 && ending.messages.contains("the cache '\(cache)' cannot be used"), "\(ending)")
    }

    /// Without a home, the cache is in the store, whose directory exists before the store itself; an existing empty
    /// directory is also accepted.
    @Test(arguments: [false, true]) func aStoreCanBeCreatedNextToACache(isHomeSet: Bool) throws {
        try fixture.write("matrix.yaml", Self.matrix)
        let environment = ["CISO_CACHE": "", "PATH": "/usr/bin:/bin"]
            .merging(isHomeSet ? ["HOME": absentHome] : [:]) { $1 }
        try FileManager.default.createDirectory(atPath: fixture.directory("empty"), withIntermediateDirectories: false)
        for store in ["new", "empty"] {
            for _ in 1...2 {
                let ending = try fixture.run(["plan", "matrix.yaml", "--store", store], environment: environment)
                #expect(ending.status == 0, "\(store): \(ending.messages)")
            }
        }
        #expect(try fixture.directory("new/ciso").entries().contains("cache"))
    }

    @Test func aDirectoryOfSomethingElseIsNoStore() throws {
        try fixture.write("matrix.yaml", Self.matrix)
        try fixture.write("file", "x")
        for store in [".", "file"] {
            let ending = try fixture.run(
                ["plan", "matrix.yaml", "--store", store, "--cache", "mine"], environment: ["PATH": "/usr/bin:/bin"])
            #expect(ending.status == 2 && ending.messages.contains("'\(store)' is not a store: it "), "\(ending)")
        }
    }

    /// One option for all commands, found in the program's own description.
    @Test(arguments: ["solve", "plan", "run", "reproduce", "doctor"])
    func everyCommandWithACacheHasTheOption(command: String) throws {
        let help = try fixture.run([command, "--help"]).output
        #expect(help.contains("--cache") && help.contains("CISO_CACHE"), "\(help)")
    }

    /// HUP and TERM end a command as Ctrl-C does.
    @Test(arguments: [SIGHUP, SIGTERM, SIGINT]) func aSignalLeavesNoTemporaryFiles(signal: Int32) async throws {
        // A reader of the FIFO waits for a writer.
        #expect(mkfifo(fixture.directory("matrix.yaml"), 0o644) == 0)
        let program = try fixture.program(
            ["plan", "matrix.yaml"], environment: ["PATH": "/usr/bin:/bin"]
        ).start()
        let prefix = "ciso-\(geteuid()).\(program.identifier)."
        try await program.wait(until: "its directory") { try "/tmp".entries().contains { $0.hasPrefix(prefix) } }
        #expect(program.isRunning)
        program.kill(signal)
        #expect(program.wait().status == 130)
        #expect(try !"/tmp".entries().contains { $0.hasPrefix(prefix) })
    }
}

extension String {
    fileprivate func entries() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: self).sorted() }
}
