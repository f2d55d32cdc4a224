internal import Core
internal import Foundation
internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore
internal import Pages
internal import Store

/// Handles requests: pages and documents of the site, events, health, metrics, and changes by clients with a token.
struct SiteResponder: Sendable {
    let site: LiveSite
    let events: EventHub
    let metrics: Metrics
    let log: AccessLog
    private let changes: ChangeRequests
    private let clock = ServerClock()

    init(site: LiveSite, events: EventHub, metrics: Metrics, log: AccessLog, store: Store) {
        (self.site, self.events, self.metrics, self.log) = (site, events, metrics, log)
        changes = ChangeRequests(site: site, store: store)
    }

    /// Handles a request of a connection.
    ///
    /// - Throws: If the response cannot be written or the rest of the request should not be read; the connection is
    ///   then closed.
    @concurrent
    func respond(to request: Request, _ writer: consuming ResponseWriter, from channel: any Channel) async throws {
        let start = ContinuousClock.now
        var user: String?
        var response: Response
        do {
            response = try await answer(request, &user)
        } catch {
            printError(Failure(describing: error).description)
            response = Self.text(.serviceUnavailable, "The store cannot be read now.\n")
        }
        addHeaders(to: &response)
        let bytes = request.method == .head ? 0 : response.body.contentLength ?? 0
        if request.method == .head { response = Self.withoutBody(response) }
        metrics.add(status: response.status.code, bytes: bytes, duration: ContinuousClock.now - start)
        log.add(
            AccessLog.Entry(
                client: Self.client(request, channel), user: user, method: request.method.rawValue,
                address: request.uri.string, status: response.status.code, bytes: bytes,
                referrer: request.headers[.referer], agent: request.headers[.userAgent]))
        try await writer.write(response: response.head, body: response.body)
        if response.status == .contentTooLarge { throw ConnectionIsClosed() }
    }

    /// The client's address; a proxy on this machine passes it in `X-Forwarded-For`.
    private static func client(_ request: Request, _ channel: any Channel) -> String {
        let peer = channel.remoteAddress?.ipAddress ?? "-"
        guard peer == "127.0.0.1" || peer == "::1",
            let forwarded = request.headers[forwardedFor]?.split(separator: ",").last
        else { return peer }
        let address = forwarded.filter { $0 != " " }
        return address.isEmpty || address.count > 45 ? peer : String(address)
    }

    private func answer(_ request: Request, _ user: inout String?) async throws -> Response {
        guard request.uri.string.utf8.count <= ServerLimits.address else {
            return Self.text(.uriTooLong, "The path is too long.\n")
        }
        guard let path = request.uri.path.removingPercentEncoding, path.first == "/" else {
            return Self.text(.badRequest, "The path is invalid.\n")
        }
        let name = String(path.dropFirst())
        if request.method == .post { return try await changes.respond(to: request, at: name, user: &user) }
        guard request.method == .get || request.method == .head else {
            var response = Self.text(.methodNotAllowed, "Only GET, HEAD and, below /api/v1/, POST.\n")
            response.headers[.allow] = "GET, HEAD, POST"
            return response
        }
        switch name {
        case "healthz": return health()
        case "metrics":
            return Self.text(
                .ok, metrics.text(site.health, streams: events.streamCount),
                type: "text/plain; version=0.0.4; charset=utf-8")
        case "events": return request.method == .head ? Self.text(.ok, "") : eventStream()
        case "robots.txt": return Self.text(.ok, Self.robots)
        default: return try await page(name.isEmpty ? "index.html" : name, request)
        }
    }

    /// Excludes logs, comparisons and documents from search engines: they are many, and each is expensive to render.
    private static let robots = """
        User-agent: *
        Disallow: /api/
        Disallow: /diff/
        Disallow: /events
        Disallow: /logs/
        Disallow: /metrics

        """

    private func page(_ path: String, _ request: Request) async throws -> Response {
        guard let page = try await site.page(at: path) else { return Self.notFound(path) }
        var response = Response(status: .ok)
        response.headers[.eTag] = page.tag
        response.headers[.vary] = "Accept-Encoding"
        // Paths of assets and logs contain the digest of their content.
        let isFixed =
            request.uri.query != nil && Site.isAsset(path) || path.hasPrefix("logs/") && path.hasSuffix(".txt")
        response.headers[.cacheControl] = isFixed ? "public, max-age=31536000, immutable" : "no-cache"
        if let known = request.headers[.ifNoneMatch], Self.names(page.tag, in: known) {
            response.status = .notModified
            return response
        }
        response.headers[.contentType] = page.mediaType
        if let compressed = page.compressed, Self.accepts("gzip", request.headers[.acceptEncoding]) {
            response.headers[.contentEncoding] = "gzip"
            response.body = ResponseBody(byteBuffer: compressed)
        } else {
            response.body = ResponseBody(byteBuffer: page.plain)
        }
        response.headers[.contentLength] = "\(response.body.contentLength ?? 0)"
        if path.hasPrefix("badges/") { response.headers[Self.resourcePolicy] = "cross-origin" }
        return response
    }

    /// Whether a list of entity tags contains this one, by weak comparison.
    private static func names(_ tag: String, in list: String) -> Bool {
        let opaque = tag.dropFirst(2)
        return list == "*"
            || list.split(separator: ",").contains { entry in
                let entry = entry.filter { $0 != " " }
                return (entry.hasPrefix("W/") ? entry.dropFirst(2) : entry[...]) == opaque
            }
    }

    private static func accepts(_ coding: String, _ header: String?) -> Bool {
        header?.split(separator: ",").contains { entry in
            let parts = entry.lowercased().filter { $0 != " " }.split(separator: ";")
            return parts.first.map(String.init) == coding
                && !parts.dropFirst().contains { $0.hasPrefix("q=") && (Double($0.dropFirst(2)) ?? 0) <= 0 }
        } ?? false
    }

    private func health() -> Response {
        let health = site.health
        guard let failure = health.failure else { return Self.text(.ok, "ok\n") }
        return Self.text(.serviceUnavailable, "the store cannot be read: \(failure.displayableOnOneLine)\n")
    }

    private func eventStream() -> Response {
        guard let (id, stream) = events.stream() else {
            return Self.text(.serviceUnavailable, "Too many event streams are open.\n")
        }
        var response = Response(status: .ok)
        response.headers[.contentType] = "text/event-stream; charset=utf-8"
        response.headers[.cacheControl] = "no-store"
        // nginx buffers responses by default, which would delay events.
        response.headers[Self.buffering] = "no"
        response.body = ResponseBody { [events] writer in
            defer { events.remove(id) }
            for await event in stream { try await writer.write(event) }
            try await writer.finish(nil)
        }
        return response
    }

    // MARK: Answers

    private static func header(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("'\(name)' is not a valid header name") }
        return name
    }

    private static let resourcePolicy = header("Cross-Origin-Resource-Policy")
    private static let forwardedFor = header("X-Forwarded-For")
    private static let buffering = header("X-Accel-Buffering")
    private static let securityHeaders: [(HTTPField.Name, String)] = [
        (
            header("Content-Security-Policy"),
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
                + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
        (header("X-Content-Type-Options"), "nosniff"), (header("Referrer-Policy"), "no-referrer"),
    ]

    private func addHeaders(to response: inout Response) {
        for (name, value) in Self.securityHeaders { response.headers[name] = value }
        response.headers[.date] = clock.httpDate
        if response.headers[Self.resourcePolicy] == nil { response.headers[Self.resourcePolicy] = "same-origin" }
    }

    private static func withoutBody(_ response: Response) -> Response {
        var head = response
        head.body = ResponseBody()
        // The length of the body in the response to a GET.
        head.headers[.contentLength] = response.body.contentLength.map(String.init)
        return head
    }

    static func notFound(_ path: String) -> Response {
        path.hasPrefix(Site.interface)
            ? ChangeRequests.failure(.notFound, "there is no such document", hint: "see /api/v1/openapi.json")
            : text(.notFound, "There is no such page.\n")
    }

    static func text(
        _ status: HTTPResponse.Status, _ text: String, type: String = "text/plain; charset=utf-8"
    ) -> Response {
        Response(
            status: status, headers: [.contentType: type, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}

/// Closes a connection after its response.
private struct ConnectionIsClosed: Error {}
