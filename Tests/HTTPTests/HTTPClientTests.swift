import Foundation
import Synchronization
import System
import TestSupport
import Testing

@testable import HTTP

@Suite(.enabled(if: Program.areInstalled("python3"), "needs python3"))
struct HTTPClientTests {
    private let client = HTTPClient()

    private func text(_ response: HTTPResponse) -> String { String(decoding: response.body, as: UTF8.self) }

    private func kind(_ body: () throws -> Void) -> HTTPError.Kind? {
        let error = #expect(throws: (any Error).self, performing: body)
        return (error as? HTTPError)?.kind
    }

    @Test func bodiesHeadersAndStatusesArrive() async throws {
        let server = try await TestServer()
        let response = try client.send(HTTPRequest(.get, "\(server.url)/text"))
        #expect(response.status == 200 && response.isSuccess && text(response) == "hello")
        #expect(response.header("colour") == "blue" && response.url == "\(server.url)/text")
        let head = try client.send(HTTPRequest(.head, "\(server.url)/text"))
        #expect(head.isSuccess && head.body.isEmpty && head.header("content-length") == "5")
        let pieces = Mutex<[UInt8]>([])
        for status in [404, 503, 204] {
            let response = try client.send(HTTPRequest(.get, "\(server.url)/status/\(status)")) { piece in
                pieces.withLock { $0 += piece }
            }
            #expect(response.status == status && response.isSuccess == (status < 300))
            #expect(text(response) == (status == 204 ? "" : "because"), "only answers of success go to the receiver")
        }
        #expect(pieces.withLock { $0 } == [])
    }

    @Test func bodiesAreSentCompletely() async throws {
        let server = try await TestServer()
        let directory = try TemporaryDirectory()
        let bytes = (0..<300_000).map { UInt8($0 % 251) }
        try Data(bytes).write(to: URL(filePath: directory("file")))
        let sum = bytes.reduce(0) { $0 + Int($1) }
        for method in [HTTPRequest.Method.put, .post, .patch] {
            var request = HTTPRequest(method, "\(server.url)/")
            request.body = .bytes(bytes)
            #expect(try text(client.send(request)) == "\(method.rawValue) 300000 \(sum)")
            request.body = .file(directory("file"), offset: 251, count: 502)
            #expect(try text(client.send(request)) == "\(method.rawValue) 502 \(2 * 250 * 251 / 2)")
            request.body = .bytes([])
            #expect(try text(client.send(request)) == "\(method.rawValue) 0 0")
        }
        #expect(try client.send(HTTPRequest(.delete, "\(server.url)/")).status == 202)
        var headers = HTTPRequest(.get, "\(server.url)/headers")
        headers.headers = [("Accept", "a/b"), ("X-Empty", "1")]
        #expect(try text(client.send(headers)).contains("Accept: a/b\n"))
        headers.headers = [("X-Bad", "a\r\nInjected: 1")]
        #expect(kind { _ = try client.send(headers) } == .address)
        var short = HTTPRequest(.put, "\(server.url)/")
        short.body = .file(directory("file"), count: 300_001)
        #expect(throws: SystemError.self, "the file ends early") { try client.send(short) }
    }

    @Test func redirectionsAreFollowedAsFarAsAllowed() async throws {
        let server = try await TestServer()
        var request = HTTPRequest(.get, "\(server.url)/redirect/3")
        #expect(try client.send(request).status == 302)
        request.redirects = 3
        let response = try client.send(request)
        #expect(text(response) == "arrived" && response.url == "\(server.url)/redirect/0")
        request.redirects = 2
        #expect(kind { _ = try client.send(request) } == .redirects)
        request.url = "\(server.url)/leave"
        #expect(kind { _ = try client.send(request) } == .address, "never to a file of this machine")
    }

    @Test func limitsHold() async throws {
        let server = try await TestServer()
        var request = HTTPRequest(.get, "\(server.url)/big/2000")
        request.limits.bytes = 2000
        #expect(try client.send(request).body.count == 2000)
        request.limits.bytes = 1999
        #expect(kind { _ = try client.send(request) } == .tooLarge)
        request.url = "\(server.url)/endless"
        #expect(kind { _ = try client.send(request) } == .tooLarge, "also where the size is not announced")
        request.url = "\(server.url)/silent"
        request.limits.time = .milliseconds(200)
        #expect(kind { _ = try client.send(request) } == .timedOut)
        request.limits.time = nil
        request.limits.stall = .seconds(1)
        #expect(kind { _ = try client.send(request) } == .timedOut)
        #expect(kind { _ = try client.send(HTTPRequest(.get, "\(server.url)/broken")) } == .interrupted)
    }

    @Test func cancellationEndsAnExchange() async throws {
        let server = try await TestServer()
        let begun = AsyncStream.makeStream(of: Void.self)
        let client = client
        var request = HTTPRequest(.get, "\(server.url)/silent")
        request.limits.stall = nil
        let silent = request
        let task = Task { try await client.response(to: silent) { _ in begun.continuation.yield() } }
        for await _ in begun.stream { break }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        let cancellation = HTTPCancellation()
        cancellation.cancel()
        #expect(kind { _ = try client.send(silent, cancellation: cancellation) } == .cancelled)
        #expect(try text(client.send(HTTPRequest(.get, "\(server.url)/text"))) == "hello", "the client goes on")
    }

    @Test func errorsOfReceiversAndFilesAreThrown() async throws {
        struct Enough: Error {}
        let server = try await TestServer()
        #expect(throws: Enough.self) {
            try client.send(HTTPRequest(.get, "\(server.url)/text")) { _ in throw Enough() }
        }
        let directory = try TemporaryDirectory()
        let response = try await client.download(HTTPRequest(.get, "\(server.url)/text"), to: directory("file"))
        #expect(response.isSuccess && directory.read("file") == "hello")
        await #expect(throws: SystemError.self) {
            try await client.download(HTTPRequest(.get, "\(server.url)/text"), to: directory("absent/file"))
        }
    }

    @Test func addressesWithoutAServerAreUnreachable() async throws {
        let gone = try await { try await TestServer().url }()
        #expect(kind { _ = try client.send(HTTPRequest(.get, gone)) } == .unreachable)
        #expect(kind { _ = try client.send(HTTPRequest(.get, "http://a.invalid/")) } == .unreachable)
        #expect(kind { _ = try client.send(HTTPRequest(.get, "file:///etc/passwd")) } == .address)
        #expect(kind { _ = try client.send(HTTPRequest(.get, "http://[")) } == .address)
    }

    @Test func manyThreadsShareAClient() async throws {
        let server = try await TestServer()
        let client = client
        let total = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 1...40 {
                group.addTask {
                    try await client.response(to: HTTPRequest(.get, "\(server.url)/big/\(number)")).body.count
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(total == 40 * 41 / 2)
    }
}

@Suite(.enabled(if: Program.areInstalled("python3", "openssl"), "needs python3 and openssl"))
struct TransportSecurityTests {
    private let authority: CertificateAuthority

    init() throws {
        authority = try CertificateAuthority()
    }

    private func settings(_ identity: CertificateAuthority.Identity? = nil) -> HTTPSettings {
        var settings = HTTPSettings()
        settings.authorities = authority.certificates
        settings.certificate = identity?.certificate
        settings.key = identity?.key
        return settings
    }

    private func outcome(_ server: TestServer, _ settings: HTTPSettings) -> HTTPError.Kind? {
        do {
            _ = try HTTPClient(settings).send(HTTPRequest(.get, "\(server.url)/text"))
            return nil
        } catch {
            return (error as? HTTPError)?.kind
        }
    }

    @Test func serversNeedACertificateThatIsTrustedAndInForce() async throws {
        let server = try await TestServer(identity: authority.issue("server"))
        #expect(outcome(server, settings()) == nil)
        #expect(outcome(server, HTTPSettings()) == .certificate, "the system does not know the authority")
        let expired = try await TestServer(identity: authority.issue("expired", days: -1))
        #expect(outcome(expired, settings()) == .certificate)
        var broken = settings()
        broken.authorities = "/dev/null/authorities"
        #expect(outcome(server, broken) == .credentials)
    }

    @Test func clientsNeedACertificateWhereTheServerAsksForOne() async throws {
        let server = try await TestServer(identity: authority.issue("server"), authorities: authority.certificates)
        #expect(outcome(server, settings(try authority.issue("client"))) == nil)
        #expect(outcome(server, settings()) == .certificate)
        #expect(outcome(server, settings(try authority.issue("late", days: -1))) == .certificate)
        let strangers = try CertificateAuthority()
        #expect(outcome(server, settings(try strangers.issue("stranger"))) == .certificate)
        withExtendedLifetime(strangers) {}
        let (one, other) = (try authority.issue("one"), try authority.issue("other"))
        let mixed = CertificateAuthority.Identity(certificate: one.certificate, key: other.key)
        #expect(outcome(server, settings(mixed)) == .credentials)
    }
}
