import Glibc
import Synchronization
import TestSupport
import Testing

@testable import MachineImages

/// The files that an installer fetches while it runs.
@Suite struct FileServerTests {
    private func request(_ url: String, _ words: String...) throws -> (status: String, body: String) {
        // The machine's name of this host is of no use outside of it.
        let address = url.split(separator: "10.0.2.2").joined(separator: "127.0.0.1")
        let output = try Program(["curl", "-s", "--path-as-is", "-w", "\n%{http_code}"] + words + [address]).output()
        let lines = output.split(separator: "\n", omittingEmptySubsequences: false)
        return (String(lines.last ?? ""), lines.dropLast().joined(separator: "\n"))
    }

    @Test func servesItsFilesAndNothingElse() throws {
        let server = try FileServer()
        let long = String(repeating: "0123456789\n", count: 100_000)
        try server.serve(["install.conf": "a = b\n", "long": long])
        #expect(try request("\(server.url)/install.conf") == ("200", "a = b\n"))
        #expect(try request("\(server.url)/a/install.conf") == ("200", "a = b\n"))
        #expect(try request("\(server.url)/long").body == long)
        for path in ["", "/", "/other", "/../../../../etc/passwd", "/install.conf%00", "/install.conf?x"] {
            #expect(try request(server.url + path).status == "404", "\(path)")
        }
        #expect(try request("\(server.url)/install.conf", "-d", "x").status == "404")
        #expect(try request("\(server.url)/install.conf") == ("200", "a = b\n"))
    }

    @Test func listensOnTheLoopbackInterfaceOnly() throws {
        let server = try FileServer()
        try server.serve([:])
        let port = try #require(server.url.split(separator: ":").last)
        let addresses = try Program(["ss", "-Hltn", "sport = :\(port)"]).output()
        #expect(addresses.contains("127.0.0.1:\(port)") && !addresses.contains("0.0.0.0:\(port)"))
    }

    /// Attempts to accept a connection: how often its thread had slept before each.
    private final class Attempts: Sendable {
        let sleeps = Mutex<[Int]>([])
        let areDescriptorsFree = Atomic(false)

        func accept(_ listener: Int32) -> Int32 {
            var usage = rusage()
            getrusage(__rusage_who_t(1), &usage)  // RUSAGE_THREAD
            let sleep = usage.ru_nvcsw
            sleeps.withLock { $0.append(sleep) }
            guard !areDescriptorsFree.load(ordering: .acquiring) else { return Glibc.accept(listener, nil, nil) }
            errno = EMFILE
            return -1
        }
    }

    /// A client that cannot be accepted stays in the queue: the server waits before each further attempt.
    @Test func waitsWhileThereAreNoDescriptors() async throws {
        let attempts = Attempts()
        let server = try FileServer { attempts.accept($0) }
        try server.serve(["install.conf": "a = b\n"])
        let url = server.url
        let client = Task.detached { try request("\(url)/install.conf") }
        try await waitUntil("several attempts failed") { attempts.sleeps.withLock { $0.count > 4 } }
        attempts.areDescriptorsFree.store(true, ordering: .releasing)
        #expect(try await client.value == ("200", "a = b\n"))
        let sleeps = attempts.sleeps.withLock { $0 }
        #expect(zip(sleeps, sleeps.dropFirst()).allSatisfy { $0 < $1 }, "\(sleeps)")
    }

    @Test func endsWithItsOwner() async throws {
        var server: FileServer? = try FileServer()
        try server?.serve([:])
        let url = try #require(server?.url)
        server = nil
        // The thread that serves closes its own end.
        try await waitUntil("the port is closed") { (try? request("\(url)/x")) == nil }
    }
}
