import Foundation
import Glibc
import TestSupport
import Testing

/// `ci run` and the files that it leaves, with a root file system that is made in a moment.
@Suite(.enabled(if: getuid() == 0 && Program.areInstalled("bwrap"), "needs root and bwrap"))
struct SmallRootTests {
    private let directory: TemporaryDirectory
    private let matrix: String

    init() throws {
        directory = try TemporaryDirectory()
        matrix = try SmallRootPlugin.buildWithMatrix(in: directory)
    }

    /// How often a root file system was made.
    private var makings: Int { (directory.read("count") ?? "").split(separator: "\n").count }

    private func words(_ command: [String], store: String) throws -> [String] {
        [try BuiltProgram.path(of: "ci")] + command + ["--store", store]
    }

    private func run(_ command: String..., store: String) throws -> Program.Ending {
        let environment = ["CISO_PLUGIN_PATH": directory.path, "CISO_CACHE": directory("cache")]
        return try Program(
            words(command, store: store), in: directory.path,
            environment: ProcessInfo.processInfo.environment.merging(environment) { $1 }
        ).run()
    }

    /// The caches belong to the user: another store makes no root file system again.
    @Test func aSecondStoreDoesNotBootstrapAgain() throws {
        for store in ["first", "second"] {
            let ending = try run("run", matrix, store: directory(store))
            #expect(ending.status == 0, "\(ending.output)\(ending.messages)")
            #expect(makings == 1)
            #expect(try run("store", "verify", store: directory(store)).status == 0)
        }
    }

    /// The files of an ordinary user's run belong to several users; verification reports no damage and causes none.
    @Test(.enabled(if: OrdinaryUser.isPossible, "needs uidmap, unshare and setpriv"))
    func anOrdinaryUsersStoreIsVerifiedAsItIs() throws {
        let user = try OrdinaryUser(in: directory)
        func ci(_ command: String...) throws -> Program.Ending {
            let variables = ["env", "CISO_PLUGIN_PATH=\(directory.path)", "XDG_CACHE_HOME=", "CISO_CACHE="]
            return try user.run(variables + words(command, store: "store"))
        }
        let built = try ci("run", matrix)
        #expect(built.status == 0, "\(built.output)\(built.messages)")
        for _ in 0..<2 {
            let verified = try ci("store", "verify")
            #expect(verified.status == 0, "\(verified.output)\(verified.messages)")
            #expect(verified.output.contains("1 root file system"), "\(verified.output)")
            #expect(verified.output.contains(": 0 findings"), "\(verified.output)")
        }
        #expect(try ci("store", "verify", "--repair").status == 0)
        let again = try ci("run")
        #expect(again.status == 0, "\(again.output)\(again.messages)")
        #expect(makings == 1, "nothing was taken for damaged")
    }
}
