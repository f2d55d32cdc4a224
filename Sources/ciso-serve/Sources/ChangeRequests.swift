internal import Core
internal import Foundation
internal import HTTPTypes
internal import HummingbirdCore
internal import Model
internal import NIOCore
internal import Pages
internal import Records
internal import Review
internal import Store
internal import Synchronization

/// Changes requested by clients with a token: `retry` and `cancel`, with the effect of the commands of these names.
final class ChangeRequests: Sendable {
    private let site: LiveSite
    private let store: Store
    private let running = Mutex(0)

    init(site: LiveSite, store: Store) {
        (self.site, self.store) = (site, store)
    }

    /// - Parameters:
    ///   - name: The path without the leading slash.
    ///   - user: Set to the name of the token if it is valid.
    func respond(to request: Request, at name: String, user: inout String?) async throws -> Response {
        let permission: AccessToken.Permission
        switch name {
        case Site.interface + "retry": permission = .retry
        case Site.interface + "cancel": permission = .cancel
        default: return Self.failure(.notFound, "no change is possible at this path", hint: "see /api/v1/openapi.json")
        }
        guard let token = try Self.token(of: request, in: store) else {
            var response = Self.failure(
                .unauthorized, "a valid token is required", hint: "see 'ci token new': Authorization: Bearer TOKEN")
            response.headers[.wwwAuthenticate] = "Bearer"
            return response
        }
        user = token.name
        guard token.permissions.contains(permission) else {
            return Self.failure(
                .forbidden, "the token '\(token.name)' does not allow \(permission.rawValue)", hint: nil)
        }
        guard begin() else {
            return Self.failure(.serviceUnavailable, "too many concurrent changes", hint: "try again")
        }
        defer { running.withLock { $0 -= 1 } }
        return try await change(permission, request)
    }

    private func begin() -> Bool {
        running.withLock { running in
            guard running < ServerLimits.changes else { return false }
            running += 1
            return true
        }
    }

    private static func token(of request: Request, in store: Store) throws -> AccessToken? {
        guard let header = request.headers[.authorization], header.lowercased().hasPrefix("bearer ") else { return nil }
        let secret = header.dropFirst("bearer ".count).filter { $0 != " " }
        return try AccessTokens(in: store).token(withSecret: String(secret))
    }

    private struct Body: Decodable { var selectors: [String] }
    private struct Picked: Encodable { var cells: [String] }

    private func change(_ permission: AccessToken.Permission, _ request: Request) async throws -> Response {
        let bytes: ByteBuffer
        do {
            bytes = try await request.body.collect(upTo: ServerLimits.body)
        } catch {
            return Self.failure(.contentTooLarge, "the request has more than \(ServerLimits.body) bytes", hint: nil)
        }
        let form = "{\"selectors\": [\"TARGET/COMPILER/PACKAGE\", …]}"
        guard let body = try? JSONDecoder().decode(Body.self, from: Data(bytes.readableBytesView)),
            (1...20).contains(body.selectors.count)
        else { return Self.failure(.badRequest, "expected \(form)", hint: "with 1 to 20 selectors") }
        do {
            let selectors = try body.selectors.map { try Selector(parsing: $0) }
            let cells = try await permission == .retry ? retry(selectors) : cancel(selectors)
            return try Self.json(.ok, Picked(cells: cells.map(\.description)))
        } catch {
            let failure = Failure(describing: error)
            guard failure.category == .input else { throw failure }
            return Self.failure(
                .badRequest, failure.diagnostics.first?.message ?? "", hint: failure.diagnostics.first?.hint)
        }
    }

    private func retry(_ selectors: [Selector]) async throws -> [Cell] {
        let results = try site.currentResults()
        try results.check(selectors)
        let retry = try RetryPlan(
            of: try results.cells(picked: selectors), in: results.documents, of: results.header, store: results.store)
        guard !retry.isEmpty else { throw Failure(.input, "no cell with a result matches the selector") }
        try await retry.record(in: results.store)
        return Set(retry.requests.map(\.cell) + retry.cancelled).sorted()
    }

    private func cancel(_ selectors: [Selector]) async throws -> [Cell] {
        let cancellation = try Cancellation(of: selectors, in: site.currentResults())
        try await cancellation.record()
        return cancellation.cells.map(\.cell)
    }

    // MARK: Answers

    private struct Problem: Encodable {
        var error: String
        var hint: String?
    }

    static func failure(_ status: HTTPResponse.Status, _ message: String, hint: String?) -> Response {
        (try? json(status, Problem(error: message, hint: hint))) ?? SiteResponder.text(status, message)
    }

    private static func json(_ status: HTTPResponse.Status, _ value: some Encodable) throws -> Response {
        Response(
            status: status, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try CanonicalJSON.encode(value))))
    }
}
